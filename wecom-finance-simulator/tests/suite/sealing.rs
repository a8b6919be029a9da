//! The sealing, undone by other hands: the `rsa` crate and a reading of the format of its own.

use aes::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use base64::{Engine, engine::general_purpose::STANDARD};
use rsa::{Pkcs1v15Encrypt, RsaPrivateKey, pkcs1::DecodeRsaPrivateKey, pkcs8::DecodePrivateKey};
use wecom_finance_simulator::Scenario;

use crate::caller::{Caller, pull};

fn unwrap_text(key: &[u8], text: &[u8]) -> Vec<u8> {
    let sealed = STANDARD.decode(text).unwrap();
    let (iv, body) = sealed.split_at(16);
    let decryptor = cbc::Decryptor::<aes::Aes256>::new_from_slices(&key[..32], iv).unwrap();
    decryptor.decrypt_padded_vec::<Pkcs7>(body).unwrap()
}

/// Key and the three lengths: all fields are short, so lengths and numbers are single bytes.
fn read_info(info: &[u8]) -> (&[u8], [usize; 3]) {
    assert_eq!(info[..2], [0x0a, 32]);
    let [0x10, pre_len, 0x18, end_len, 0x20, s_len] = info[34..] else { panic!("{info:?}") };
    (&info[2..34], [pre_len, end_len, s_len].map(usize::from))
}

#[test]
fn other_hands_open_what_was_sealed() {
    let world = Scenario::new().key_version(1).key_version(2).key_version(4).message("").texts(20).build();
    let private = |version| {
        let pem = world.key_pem(version).unwrap();
        RsaPrivateKey::from_pkcs8_pem(pem).or_else(|_| RsaPrivateKey::from_pkcs1_pem(pem)).unwrap()
    };
    let caller = Caller::stand_in(&world);
    for (message, (_, plaintext)) in pull(&mut caller.handle(&world), 100).iter().zip(world.messages()) {
        let sealed_key = STANDARD.decode(&message.encrypt_random_key).unwrap();
        let key = private(message.publickey_ver).decrypt(Pkcs1v15Encrypt, &sealed_key).unwrap();
        let text = message.encrypt_chat_msg.as_bytes();
        let info = unwrap_text(&text[13..45], &key);
        let (inner, [pre_len, end_len, s_len]) = read_info(&info);
        let middle = &text[45 + pre_len..text.len() - end_len];
        let body = [&middle[..s_len], &middle[2 * s_len..]].concat();
        assert_eq!(unwrap_text(inner, &body), plaintext);
    }
}
