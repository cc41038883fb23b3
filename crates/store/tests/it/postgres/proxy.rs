//! A proxy in front of PostgreSQL that cuts a connection around a COMMIT.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
    thread,
};

/// What is done to the next COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cut {
    /// Nothing.
    None,
    /// It is not passed on.
    Before,
    /// It is passed on, and its answer is not.
    After,
}

/// See the module.
pub(super) struct Proxy {
    pub(super) port: u16,
    orders: Arc<Orders>,
}

#[derive(Default)]
struct Orders {
    cut: AtomicU8,
    cuts: AtomicU32,
}

impl Proxy {
    /// Listens on a free port, for as long as the process lives.
    pub(super) fn start(server: u16) -> Proxy {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (port, orders) = (listener.local_addr().unwrap().port(), Arc::new(Orders::default()));
        let kept = Arc::clone(&orders);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", server)).unwrap());
                let (there, back) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let orders = Arc::clone(&kept);
                thread::spawn(move || pass_on(&there, &back, &orders));
                thread::spawn(move || pass_back(server, client));
            }
        });
        Proxy { port, orders }
    }

    /// Cuts the connection of the next COMMIT.
    pub(super) fn cut_next(&self, cut: Cut) {
        self.orders.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// How often it has cut one.
    pub(super) fn cuts(&self) -> u32 {
        self.orders.cuts.load(Ordering::SeqCst)
    }
}

/// A query message with just this text.
fn is_commit(bytes: &[u8]) -> bool {
    bytes.windows(12).any(|window| window == b"Q\0\0\0\x0bCOMMIT\0")
}

fn pass_on(mut client: &TcpStream, mut server: &TcpStream, orders: &Orders) {
    let mut buffer = vec![0; 65_536];
    while let Ok(length @ 1..) = client.read(&mut buffer) {
        let bytes = &buffer[..length];
        let cut = orders.cut.load(Ordering::SeqCst);
        if is_commit(bytes) && cut != Cut::None as u8 {
            orders.cut.store(Cut::None as u8, Ordering::SeqCst);
            orders.cuts.fetch_add(1, Ordering::SeqCst);
            // The client hears nothing any more, and believes that the connection broke.
            drop(client.shutdown(Shutdown::Both));
            if cut == Cut::After as u8 {
                drop(server.write_all(bytes));
            }
            drop(server.shutdown(Shutdown::Write));
            return;
        }
        if server.write_all(bytes).is_err() {
            break;
        }
    }
    drop(server.shutdown(Shutdown::Write));
}

fn pass_back(mut server: TcpStream, mut client: TcpStream) {
    // Either side may be gone; then there is nothing to pass back.
    drop(std::io::copy(&mut server, &mut client));
    drop(client.shutdown(Shutdown::Both));
}
