//! A man in the middle.

use wecom_finance::{
    CertificateProblem, Egress, Error, Language, Library, Operation, Proxy, RetryPolicy, Sdk, SdkCode, Tls,
};
use wecom_finance_simulator::{Loopback, Scenario, ServerCertificate, World};
use wecom_finance_tests::raw_client;

fn serve(certificate: ServerCertificate) -> (World, Loopback) {
    let world = Scenario::new().texts(3).build();
    let server = Loopback::builder().world(&world).certificate(certificate).serve().unwrap();
    (world, server)
}

fn builder(library: Library, world: &World, server: &Loopback) -> wecom_finance::SdkBuilder {
    Sdk::builder(library, world.corp_id(), world.secret())
        .proxy(Proxy::parse(&server.proxy_url()).unwrap())
        .retry(RetryPolicy::never())
}

/// The certificate, whether its root is trusted, and what is wrong with it.
fn impostors() -> [(ServerCertificate, bool, CertificateProblem); 6] {
    use CertificateProblem::{Expired, OtherHost, UnknownIssuer};
    [
        (ServerCertificate::SelfSigned, false, UnknownIssuer),
        (ServerCertificate::Signed, false, UnknownIssuer),
        (ServerCertificate::OtherHost, false, UnknownIssuer),
        (ServerCertificate::OtherHost, true, OtherHost),
        (ServerCertificate::Expired, false, Expired),
        (ServerCertificate::Expired, true, Expired),
    ]
}

/// Its libcurl compares the name and checks nothing else: whoever wants the secret makes a certificate with the right name.
#[test]
fn the_genuine_sdk_alone_accepts_whatever_has_the_right_name() {
    let Some(library) = super::genuine() else { return };
    for (certificate, ..) in impostors() {
        let (world, server) = serve(certificate);
        let page = builder(library, &world, &server).build().unwrap().page(0);
        if certificate == ServerCertificate::OtherHost {
            assert_eq!(page.unwrap_err().sdk_code(), Some(SdkCode::Network));
            assert_eq!(world.token_calls(), 0);
            continue;
        }
        let page = page.unwrap_or_else(|error| panic!("{certificate:?}: {error}")).unwrap();
        assert_eq!(page.messages().len(), 3, "{certificate:?}");
        assert_eq!(world.token_calls(), 1, "{certificate:?}: the secret was sent");
    }
}

#[test]
fn impostors_are_refused_before_the_genuine_sdk_tells_them_the_secret() {
    let Some(library) = super::genuine() else { return };
    for (certificate, root_is_trusted, problem) in impostors() {
        let (world, server) = serve(certificate);
        let tls = if root_is_trusted {
            Tls::default().add_roots_pem(server.root_pem()).unwrap()
        } else {
            Tls::default()
        };
        let sdk = builder(library, &world, &server).verified_tls(tls).build().unwrap();
        let error = sdk.page(0).unwrap_err();
        let Error::CertificateRejected { operation, certificate: presented, .. } = &error else {
            panic!("{certificate:?}: {error}")
        };
        assert_eq!((presented.problem, *operation), (problem, Operation::Token), "{certificate:?}");
        assert_eq!(presented.sha256.len(), 64);
        let host =
            if certificate == ServerCertificate::OtherHost { "other.example" } else { "qyapi.weixin.qq.com" };
        assert_eq!(presented.names, [host]);
        if certificate != ServerCertificate::SelfSigned {
            assert_eq!(presented.issuer, "CN=The simulator's authority");
        }
        assert!(presented.not_before < presented.not_after);
        let message = error.to_string();
        assert!(message.contains(&presented.sha256) && message.contains(host), "{message}");
        assert!(!error.is_retryable());
        assert!(!error.remedy(Language::English).is_empty() && !error.remedy(Language::Chinese).is_empty());
        assert!(server.connections() > 0, "{certificate:?}: it was asked");
        let heard = (world.token_calls(), world.chat_calls(), world.media_calls());
        assert_eq!(heard, (0, 0, 0), "{certificate:?}: nothing was said to it");
    }
}

#[test]
fn whoever_is_trusted_is_accepted() {
    let Some(library) = super::genuine() else { return };
    for certificate in [ServerCertificate::Signed, ServerCertificate::SelfSigned] {
        let (world, server) = serve(certificate);
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("company-proxy.pem");
        std::fs::write(&root, server.root_pem()).unwrap();
        for tls in
            [Tls::default().add_root_file(&root).unwrap(), Tls::with_roots_pem(server.root_pem()).unwrap()]
        {
            let sdk = builder(library, &world, &server).verified_tls(tls).build().unwrap();
            assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 3, "{certificate:?}");
        }
    }
}

#[test]
fn refused_certificates_are_counted_and_every_session_hears_of_them() {
    let (world, server) = serve(ServerCertificate::SelfSigned);
    let egress =
        Egress::builder(world.corp_id()).proxy(Proxy::parse(&server.proxy_url()).unwrap()).start().unwrap();
    let request = raw_client::get_token(world.corp_id(), world.secret());
    for _ in 0..2 {
        let reply = raw_client::exchange(&egress.proxy().unwrap(), request.as_bytes()).unwrap();
        assert!(reply.is_empty(), "{}", String::from_utf8_lossy(&reply));
    }
    let stats = egress.stats();
    assert_eq!((stats.rejected_certificates, stats.connections, stats.upstream_requests), (2, 0, 0));
    assert_eq!(world.token_calls(), 0);
}

#[test]
fn a_certificate_that_changes_meanwhile_is_looked_at_again() {
    let Some(library) = super::genuine() else { return };
    let (world, server) = serve(ServerCertificate::Signed);
    let tls = Tls::with_roots_pem(server.root_pem()).unwrap();
    let sdk = builder(library, &world, &server).verified_tls(tls).build().unwrap();
    let page = || sdk.page(0).map(|page| page.unwrap().messages().len());
    assert_eq!(page().unwrap(), 3);
    server.present(ServerCertificate::Expired).unwrap();
    assert_eq!(page().unwrap(), 3, "over the connection that was verified");
    server.break_connections();
    assert!(matches!(page(), Err(Error::CertificateRejected { .. })));
    server.present(ServerCertificate::Signed).unwrap();
    assert_eq!(page().unwrap(), 3);
}

#[test]
fn an_authority_that_is_not_public_is_recognised() {
    let Some(library) = super::genuine() else { return };
    let (world, server) = serve(ServerCertificate::Signed);
    let egress = Egress::builder(world.corp_id())
        .tls(Tls::default().add_roots_pem(server.root_pem()).unwrap())
        .proxy(Proxy::parse(&server.proxy_url()).unwrap())
        .start()
        .unwrap();
    assert_eq!(egress.certificate(), None, "nothing was said yet");
    let sdk = Sdk::builder(library, world.corp_id(), world.secret()).egress(egress.clone()).build().unwrap();
    sdk.page(0).unwrap();
    let certificate = egress.certificate().unwrap();
    assert_eq!(certificate.issuer, "CN=The simulator's authority");
    assert_eq!(certificate.subject, "CN=qyapi.weixin.qq.com");
    assert_eq!(certificate.sha256.len(), 64);
    assert!(!certificate.is_public && certificate.not_after.is_some());
}
