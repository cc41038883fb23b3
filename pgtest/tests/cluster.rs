//! A cluster is started, crashed, started again, and gone in the end.

use std::net::TcpStream;

use pgtest::Cluster;

#[test]
fn a_cluster_ends_with_its_owner_and_survives_a_crash() {
    if !pgtest::is_here() {
        return;
    }
    let cluster = Cluster::start_with(&[("max_connections", "20")]);
    let reaches = |cluster: &Cluster| TcpStream::connect(("127.0.0.1", cluster.port())).is_ok();
    let (one, other) = (cluster.database(), cluster.database());
    assert_ne!(one, other);
    cluster.crash();
    assert!(!reaches(&cluster));
    cluster.resume();
    assert!(reaches(&cluster));
    assert_ne!(cluster.database(), other);
    let port = cluster.port();
    drop(cluster);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}
