//! The two protobuf messages of the archive's formats, written and read by hand: six fields do not justify a code
//! generator in a test tool.

/// What a field holds, of the two wire types that occur.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Varint(u64),
    Bytes(Vec<u8>),
}

/// Appends a length-delimited field.
pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(bytes);
}

/// Appends an `int32` field: negative values are sign-extended to ten bytes.
pub(crate) fn put_int32(out: &mut Vec<u8>, field: u64, value: i32) {
    put_varint(out, field << 3);
    put_varint(out, i64::from(value).cast_unsigned());
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f).to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// All fields in order, or `None` when the bytes are no message.
pub(crate) fn fields(mut input: &[u8]) -> Option<Vec<(u64, Value)>> {
    let mut found = Vec::new();
    while !input.is_empty() {
        let tag = take_varint(&mut input)?;
        let field = tag >> 3;
        if field == 0 {
            return None;
        }
        match tag & 7 {
            0 => found.push((field, Value::Varint(take_varint(&mut input)?))),
            1 => _ = take(&mut input, 8)?,
            2 => {
                let len = usize::try_from(take_varint(&mut input)?).ok()?;
                found.push((field, Value::Bytes(take(&mut input, len)?.to_vec())));
            }
            5 => _ = take(&mut input, 4)?,
            _ => return None,
        }
    }
    Some(found)
}

/// The last length-delimited value of `field`.
pub(crate) fn bytes_of(fields: &[(u64, Value)], field: u64) -> Option<&[u8]> {
    fields.iter().rev().find_map(|(number, value)| match value {
        Value::Bytes(bytes) if *number == field => Some(bytes.as_slice()),
        _ => None,
    })
}

/// The last `int32` value of `field`: the low half of the varint, as protobuf truncates it.
pub(crate) fn int32_of(fields: &[(u64, Value)], field: u64) -> Option<i32> {
    fields.iter().rev().find_map(|(number, value)| match value {
        Value::Varint(value) if *number == field => {
            let [a, b, c, d, ..] = value.to_le_bytes();
            Some(i32::from_le_bytes([a, b, c, d]))
        }
        _ => None,
    })
}

fn take<'a>(input: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (head, rest) = input.split_at_checked(len)?;
    *input = rest;
    Some(head)
}

fn take_varint(input: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = input.split_first()?;
        *input = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_survive_a_round_trip() {
        let mut out = Vec::new();
        put_bytes(&mut out, 1, b"key");
        put_int32(&mut out, 2, 300);
        put_int32(&mut out, 3, -1);
        let fields = fields(&out).unwrap();
        assert_eq!(bytes_of(&fields, 1), Some(&b"key"[..]));
        assert_eq!(int32_of(&fields, 2), Some(300));
        assert_eq!(int32_of(&fields, 3), Some(-1));
        assert_eq!(int32_of(&fields, 4), None);
    }

    #[test]
    fn junk_is_no_message() {
        assert_eq!(fields(&[0x0a, 0xff]), None);
        assert_eq!(fields(&[0xff; 11]), None);
    }
}
