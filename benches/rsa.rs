//! RSA-2048 private operations by each backend, and eight at once: nearly all of what opening a message costs.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark may panic")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wecom_finance::{AwsLcRsKey, RandomKeyDecryptor, RustCryptoKey};
use wecom_finance_simulator::Scenario;

fn rsa_2048(criterion: &mut Criterion) {
    let world = Scenario::new().key_version(1).texts(1).build();
    let pem = world.key_pem(1).unwrap().as_bytes();
    let page = world.sdk().unwrap().page(0).unwrap().unwrap();
    let sealed = page.messages().first().unwrap();
    let ciphertext = STANDARD.decode(sealed.encrypt_random_key()).unwrap();
    let keys = world.keys().unwrap();
    let eight = [(sealed.publickey_ver, sealed.encrypt_random_key()); 8];
    let backends: [(&str, Box<dyn RandomKeyDecryptor>); 2] = [
        ("aws-lc-rs", Box::new(AwsLcRsKey::from_pem(pem, None).unwrap())),
        ("rsa", Box::new(RustCryptoKey::from_pem(pem, None).unwrap())),
    ];

    let mut group = criterion.benchmark_group("rsa-2048");
    group.throughput(Throughput::Elements(1));
    for (name, backend) in backends {
        group.bench_function(name, |bencher| bencher.iter(|| backend.decrypt(&ciphertext).unwrap()));
    }
    // The same as the first backend's, eight times, where the processor does not have what it takes.
    group.throughput(Throughput::Elements(8));
    group.bench_function("eight at once", |bencher| bencher.iter(|| keys.decrypt_random_keys(&eight)));
    group.finish();
}

criterion_group!(benches, rsa_2048);
criterion_main!(benches);
