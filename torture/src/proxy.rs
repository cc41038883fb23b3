//! A proxy between the platform and its database, which does to the connections what networks do.
//!
//! ```text
//!   clear       passes everything
//!   cut         closes all connections, and new ones at once
//!   stalled     holds everything back, in both directions
//!   half-open   takes what is sent to the database there, and lets no answer come back; then closes those
//!               connections: whoever sent COMMIT cannot know what became of it
//! ```

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::output::Failure;

/// Bytes passed on at once.
const BUFFER_BYTES: usize = 16 * 1_024;

/// What the network is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    Clear,
    Cut,
    Stalled,
    HalfOpen,
}

/// The weather, and how often it has been half open: a connection that slept through that is closed, too.
#[derive(Clone, Copy)]
struct Sky {
    weather: Weather,
    half_opens: u64,
}

/// What one connection knows of it.
#[derive(Clone)]
struct View {
    sky: watch::Receiver<Sky>,
    /// How often it was half open before this connection began.
    before: u64,
}

impl View {
    fn of(sky: watch::Receiver<Sky>) -> View {
        let now = *sky.borrow();
        View { sky, before: now.half_opens - u64::from(now.weather == Weather::HalfOpen) }
    }

    /// Whether no answer comes back on it any more.
    fn is_half_open(&self) -> bool {
        self.sky.borrow().half_opens > self.before
    }
}

/// See the module.
pub(crate) struct Proxy {
    address: SocketAddr,
    sky: Arc<watch::Sender<Sky>>,
}

impl Proxy {
    /// A proxy in front of this address, in clear weather. It ends with the supervisor.
    pub(crate) async fn start(database: SocketAddr) -> Result<Proxy, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let sky = Arc::new(watch::channel(Sky { weather: Weather::Clear, half_opens: 0 }).0);
        let told = Arc::clone(&sky);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if told.borrow().weather == Weather::Cut {
                    continue;
                }
                tokio::spawn(pass(client, database, View::of(told.subscribe())));
            }
        });
        Ok(Proxy { address, sky })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the weather.
    pub(crate) fn set(&self, weather: Weather) {
        self.sky.send_modify(|sky| {
            sky.half_opens += u64::from(weather == Weather::HalfOpen);
            sky.weather = weather;
        });
    }
}

/// Passes one connection on until either side ends it, or the weather does.
async fn pass(mut client: TcpStream, database: SocketAddr, view: View) {
    let Ok(mut server) = TcpStream::connect(database).await else { return };
    // Neither end is told why: a network does not, either.
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let asking = pump(&mut from_client, &mut to_server, view.clone(), false);
    let answering = pump(&mut from_server, &mut to_client, view.clone(), true);
    tokio::select! {
        () = asking => {}
        () = answering => {}
        () = closed(view) => {}
    }
}

/// Passes on what comes, in one direction. Answers are swallowed while the connection is half open.
async fn pump(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut view: View,
    answers: bool,
) {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        if view.sky.wait_for(|sky| sky.weather != Weather::Stalled).await.is_err() {
            return;
        }
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        if view.sky.wait_for(|sky| sky.weather != Weather::Stalled).await.is_err() {
            return;
        }
        let swallowed = answers && view.is_half_open();
        let part = buffer.get(..count).unwrap_or_default();
        if !swallowed && to.write_all(part).await.is_err() {
            return;
        }
    }
}

/// Waits until the weather closes a connection: at once when it is cut, and after it was half open.
async fn closed(mut view: View) {
    let before = view.before;
    let ends = |sky: &Sky| {
        sky.weather == Weather::Cut || (sky.half_opens > before && sky.weather != Weather::HalfOpen)
    };
    // Without a sky there is no proxy any more.
    drop(view.sky.wait_for(ends).await);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// A server that gives back what it gets, and tells what it got.
    async fn echo() -> (SocketAddr, watch::Receiver<usize>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, got) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 64];
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        sender.send_modify(|sum| *sum += count);
                        drop(stream.write_all(&buffer[..count]).await);
                    }
                });
            }
        });
        (address, got)
    }

    async fn said(stream: &mut TcpStream) -> Option<usize> {
        let mut buffer = [0; 64];
        timeout(Duration::from_secs(5), stream.read(&mut buffer)).await.unwrap().ok()
    }

    #[tokio::test]
    async fn the_weather_is_felt_by_the_connections() {
        let (database, mut got) = echo().await;
        let proxy = Proxy::start(database).await.unwrap();
        let connect = async || TcpStream::connect(proxy.address()).await.unwrap();
        let mut stream = connect().await;
        stream.write_all(b"one").await.unwrap();
        assert_eq!(said(&mut stream).await, Some(3), "clear");
        proxy.set(Weather::Stalled);
        stream.write_all(b"two").await.unwrap();
        let waited = timeout(Duration::from_millis(300), stream.read(&mut [0; 64])).await;
        assert!(waited.is_err(), "nothing passes while it is stalled");
        proxy.set(Weather::Clear);
        assert_eq!(said(&mut stream).await, Some(3), "what was held back comes through");
        proxy.set(Weather::HalfOpen);
        stream.write_all(b"commit").await.unwrap();
        got.wait_for(|sum| *sum == 12).await.unwrap();
        proxy.set(Weather::Clear);
        assert!(matches!(said(&mut stream).await, None | Some(0)), "closed, and the answer never came");
        let mut other = connect().await;
        other.write_all(b"x").await.unwrap();
        assert_eq!(said(&mut other).await, Some(1));
        proxy.set(Weather::Cut);
        assert!(matches!(said(&mut other).await, None | Some(0)));
        assert!(matches!(said(&mut connect().await).await, None | Some(0)));
    }
}
