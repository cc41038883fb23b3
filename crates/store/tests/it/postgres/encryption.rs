//! Connections to a server that has a certificate: whom they are made to, and whom not.

use std::path::{Path, PathBuf};

use pgtest::{Cluster, Identity};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;
use tongbao_store::{
    Fault, Store,
    postgres::{PostgresReader, PostgresStore},
};

use super::Raw;
use crate::by_hand::{BANK, after, clean, post, posting, purse, yuan};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for a host, with its key.
fn identity(authority: &Authority, host: &str) -> Identity {
    let key = KeyPair::generate().unwrap();
    let parameters = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let certificate = parameters.signed_by(&key, authority).unwrap();
    Identity { certificate: certificate.pem(), key: key.serialize_pem() }
}

fn file_of(directory: &TempDir, name: &str, text: &str) -> PathBuf {
    let file = directory.path().join(name);
    std::fs::write(&file, text).unwrap();
    file
}

fn with(url: &str, mode: &str, authorities: &Path) -> String {
    format!("{url}?sslmode={mode}&sslrootcert={}", authorities.display())
}

#[track_caller]
fn is_refused(url: &str, says: &[&str]) {
    for opened in [PostgresStore::open(url).map(drop), PostgresReader::open(url).map(drop)] {
        let Err(Fault::Stopped(why)) = opened else { panic!("it was opened: {url}") };
        assert!(says.iter().all(|word| why.contains(word)), "{why}");
    }
}

#[test]
fn a_server_with_the_right_certificate_is_spoken_to_and_no_other() {
    if !pgtest::is_here() {
        return;
    }
    let (ours, directory) = (authority("ours"), tempfile::tempdir().unwrap());
    let right = file_of(&directory, "ours.pem", &ours.pem());
    let wrong = [
        file_of(&directory, "other.pem", &authority("another").pem()),
        // Of the same name, with a key of its own.
        file_of(&directory, "forged.pem", &authority("ours").pem()),
    ];
    let cluster = Cluster::start_with_identity(&identity(&ours, "127.0.0.1"));
    let url = cluster.database();
    for mode in ["verify-full", "require"] {
        let store = PostgresStore::open(&with(&url, mode, &right)).unwrap();
        post(&store, after(0), vec![posting(BANK, purse(1), yuan(5))]);
        clean(&PostgresReader::open(&with(&url, mode, &right)).unwrap());
        for wrong in &wrong {
            is_refused(&with(&url, mode, wrong), &["cannot be used", "of no authority", "sslrootcert"]);
        }
        // The authorities of the system do not know ours either.
        is_refused(&format!("{url}?sslmode={mode}"), &["of no authority", "sslrootcert"]);
    }
    let by_name = with(&url.replace("127.0.0.1", "db.example"), "verify-full", &right);
    is_refused(&format!("{by_name}&hostaddr=127.0.0.1"), &["another host than the URL names", "db.example"]);
    for plain in [url.clone(), format!("{url}?sslmode=disable")] {
        is_refused(&plain, &["the server demands TLS", "sslmode=verify-full"]);
    }
}

#[test]
fn every_connection_of_a_store_is_encrypted_and_comes_back_so() {
    if !pgtest::is_here() {
        return;
    }
    let (ours, directory) = (authority("ours"), tempfile::tempdir().unwrap());
    let file = file_of(&directory, "ours.pem", &ours.pem());
    let cluster = Cluster::start_with_identity(&identity(&ours, "127.0.0.1"));
    let url = with(&cluster.database(), "verify-full", &file);
    let store = PostgresStore::open(&url).unwrap();
    for round in 1..=2 {
        post(&store, after(0), vec![posting(BANK, purse(1), yuan(5))]);
        assert_eq!(clean(&store).changes, round);
        cluster.crash();
        cluster.resume();
        while let Err(fault) = store.read(tongbao_store::Query::Trial) {
            assert!(matches!(fault, Fault::Away(_)), "{fault}");
        }
    }
}

#[test]
fn a_server_without_a_certificate_is_refused_where_one_is_demanded() {
    let Some(url) = pgtest::database() else { return };
    drop(PostgresStore::open(&url).unwrap());
    for mode in ["require", "verify-full"] {
        is_refused(&format!("{url}?sslmode={mode}"), &["cannot be used", "the server speaks no TLS"]);
    }
    assert_eq!(Raw::connect(&url).run("SELECT count(*) FROM lane"), ["1"], "nobody came further");
}

#[test]
fn a_file_of_authorities_that_holds_none_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let url = "postgres://127.0.0.1:1/nobody";
    is_refused(&with(url, "verify-full", &directory.path().join("gone.pem")), &["gone.pem", "sslrootcert"]);
    let empty = file_of(&directory, "empty.pem", "no certificate\n");
    is_refused(&with(url, "verify-full", &empty), &["empty.pem", "there are none"]);
}
