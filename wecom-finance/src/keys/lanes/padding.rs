//! PKCS#1 v1.5 (RFC 8017, 7.2.2).

use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _, ConstantTimeGreater as _};
use zeroize::Zeroizing;

use super::BLOCK;
use crate::keys::CannotDecrypt;
use crate::secret::Secret;

/// `0x00 0x02`, eight bytes that are not zero, and a zero.
const SHORTEST: u16 = 2 + 8 + 1;

/// The message in a padded block: `0x00 0x02 ‖ bytes that are not zero, at least eight ‖ 0x00 ‖ message`.
///
/// Where the message begins and what is wrong, if something is, can be learnt from the outcome alone, not from the time.
pub(super) fn message(block: &[u8; BLOCK]) -> Result<Secret, CannotDecrypt> {
    let [first, second, rest @ ..] = block;
    let mut is_over = Choice::from(0);
    let mut begin = 2_u16;
    for byte in rest {
        is_over |= byte.ct_eq(&0);
        // Counts up to the zero.
        begin = begin.wrapping_add(u16::conditional_select(&1, &0, is_over));
    }
    // Behind the zero.
    begin = begin.wrapping_add(1);
    let is_good = first.ct_eq(&0) & second.ct_eq(&2) & is_over & !SHORTEST.ct_gt(&begin);
    if !bool::from(is_good) {
        return Err(CannotDecrypt);
    }
    let message = block.get(usize::from(begin)..).ok_or(CannotDecrypt)?;
    Ok(Secret::from_zeroizing(Zeroizing::new(message.to_vec())))
}
