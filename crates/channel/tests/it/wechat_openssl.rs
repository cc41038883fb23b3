//! The same signatures, fields and certificates made and checked with OpenSSL's program.
//!
//! Without the program these tests have nothing to compare with and pass; on CI its absence is a failure.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    sync::LazyLock,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tempfile::TempDir;
use tongbao_channel::wechat::{
    authority::requested_key,
    certificate::Certificate,
    sensitive::{DecryptingKey, EncryptingKey},
    signature::{KeyError, SigningKey, Target, VerifyingKey},
};

use crate::wechat_samples::{AUTHORITY, MCHID, MERCHANT, PLATFORM, get, occasion};

static IS_HERE: LazyLock<bool> = LazyLock::new(|| {
    let found = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "CI must compare with openssl, which is not there");
    found
});

/// A directory to work in, or nothing without the program.
fn workshop() -> Option<TempDir> {
    IS_HERE.then(|| tempfile::tempdir().unwrap())
}

/// Runs `openssl` in a directory.
fn openssl(directory: &Path, arguments: &str) -> Output {
    let arguments = arguments.split(' ');
    Command::new("openssl").args(arguments).current_dir(directory).output().unwrap()
}

#[track_caller]
fn succeed(directory: &Path, arguments: &str) -> String {
    let output = openssl(directory, arguments);
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn openssl_and_we_sign_alike() {
    let Some(place) = workshop() else { return };
    let request = get("/v3/pay/transactions/out-trade-no/A%7CB?mchid=1900007291");
    fs::write(place.path().join("message"), request.message()).unwrap();
    fs::write(place.path().join("key.pem"), MERCHANT.to_pem().as_bytes()).unwrap();
    succeed(place.path(), "dgst -sha256 -sign key.pem -out signature message");
    let theirs = fs::read(place.path().join("signature")).unwrap();
    assert_eq!(theirs, MERCHANT.sign_bytes(&request.message()));
    let key = MERCHANT.verifying_key();
    assert_eq!(key.verify_request(&request, &STANDARD.encode(theirs)), Ok(Target::Received));

    fs::write(place.path().join("public.pem"), key.to_pem()).unwrap();
    succeed(place.path(), "dgst -sha256 -verify public.pem -signature signature message");
    assert_eq!(succeed(place.path(), "pkey -in key.pem -pubout"), key.to_pem());
}

#[test]
fn keys_of_openssl_are_read() {
    let Some(place) = workshop() else { return };
    succeed(place.path(), "genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem");
    let key = SigningKey::from_pem(&fs::read_to_string(place.path().join("key.pem")).unwrap()).unwrap();
    let public = succeed(place.path(), "pkey -in key.pem -pubout");
    assert_eq!(key.verifying_key().der(), VerifyingKey::from_pem(&public).unwrap().der());
    succeed(place.path(), "genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out small.pem");
    let small = fs::read_to_string(place.path().join("small.pem")).unwrap();
    assert_eq!(SigningKey::from_pem(&small).unwrap_err(), KeyError::NotRsa2048);
}

#[test]
fn openssl_and_we_encrypt_fields_alike() {
    const OAEP: &str = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1";
    let Some(place) = workshop() else { return };
    let file = |name: &str| place.path().join(name);
    fs::write(file("key.pem"), PLATFORM.to_pem().as_bytes()).unwrap();
    fs::write(file("public.pem"), PLATFORM.verifying_key().to_pem()).unwrap();

    let ours = EncryptingKey::new(&PLATFORM.verifying_key()).encrypt("张三").unwrap();
    fs::write(file("ours"), STANDARD.decode(ours).unwrap()).unwrap();
    assert_eq!(succeed(place.path(), &format!("pkeyutl -decrypt -inkey key.pem {OAEP} -in ours")), "张三");

    fs::write(file("field"), "6222021234567890").unwrap();
    succeed(place.path(), &format!("pkeyutl -encrypt -pubin -inkey public.pem {OAEP} -in field -out theirs"));
    let theirs = STANDARD.encode(fs::read(file("theirs")).unwrap());
    assert_eq!(DecryptingKey::new(&PLATFORM).decrypt(&theirs).unwrap().as_str(), "6222021234567890");
}

#[test]
fn openssl_trusts_what_the_authority_issues() {
    let Some(place) = workshop() else { return };
    let file = |name: &str| place.path().join(name);
    let merchant =
        AUTHORITY.issue_merchant(&MERCHANT.verifying_key(), MCHID, "示例商户", occasion(20)).unwrap();
    let hosts = ["api.mch.weixin.qq.com".to_owned()];
    fs::write(file("authority.pem"), AUTHORITY.certificate().to_pem()).unwrap();
    fs::write(file("merchant.pem"), merchant.to_pem()).unwrap();
    fs::write(file("tls.pem"), AUTHORITY.issue_tls(&hosts, occasion(21)).unwrap().certificate_pem).unwrap();
    let at = crate::wechat_samples::NOW.ms() / 1_000;
    let verify = format!("verify -x509_strict -attime {at} -CAfile authority.pem");
    assert_eq!(succeed(place.path(), &format!("{verify} merchant.pem")), "merchant.pem: OK\n");
    let tls = format!("{verify} -purpose sslserver -verify_hostname api.mch.weixin.qq.com tls.pem");
    assert_eq!(succeed(place.path(), &tls), "tls.pem: OK\n");
    let other = format!("{verify} -verify_hostname api2.mch.weixin.qq.com tls.pem");
    assert!(!openssl(place.path(), &other).status.success());
    let serial = succeed(place.path(), "x509 -in merchant.pem -noout -serial");
    assert_eq!(serial, format!("serial={}\n", merchant.serial()));
}

#[test]
fn requests_and_certificates_of_openssl_are_read() {
    let Some(place) = workshop() else { return };
    let file = |name: &str| fs::read_to_string(place.path().join(name)).unwrap();
    fs::write(place.path().join("key.pem"), MERCHANT.to_pem().as_bytes()).unwrap();
    succeed(place.path(), "req -new -key key.pem -subj /CN=1900007291 -out request.pem");
    assert_eq!(requested_key(&file("request.pem")).unwrap().der(), MERCHANT.verifying_key().der());
    succeed(place.path(), "req -new -sha1 -key key.pem -subj /CN=1900007291 -out sha1.pem");
    assert_eq!(requested_key(&file("sha1.pem")).unwrap_err(), KeyError::RequestSignature);

    // A serial number with a leading zero, of the kind that some SDKs lose.
    succeed(
        place.path(),
        "req -x509 -key key.pem -subj /CN=1900007291 -days 1 -set_serial 0x0A57F09EFDC096 -out own.pem",
    );
    let certificate = Certificate::from_pem(&file("own.pem")).unwrap();
    assert_eq!(certificate.serial(), "a57f09efdc096".parse().unwrap());
    assert_eq!(certificate.key().der(), MERCHANT.verifying_key().der());
}
