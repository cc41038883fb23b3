//! All processes of one instance: one on a SQLite database; several, and a worker, on a database of a server.

use std::{
    fs,
    path::Path,
    process::ExitStatus,
    time::{Duration, Instant},
};

use crate::{
    book::{Book, Broken},
    chance::Chance,
    client::Client,
    fake_clock::FakeClock,
    output::Failure,
    place::Place,
    sandbox::{Keys, Role, Sandbox, any_address},
};

/// What processes of one instance share, beside the database.
const SHARED: [&str; 2] = ["master.key", "sandbox.json"];

/// See the module.
pub(crate) struct Fleet {
    pub(crate) members: Vec<Sandbox>,
}

impl Fleet {
    /// The processes of an instance whose files go to `data`, and their logs beside the supervisor's book in `own`:
    /// one per role. A fleet of several needs a database: the URL for the processes, and the one for recounts.
    pub(crate) fn new(
        binary: &Path,
        (data, own): (&Path, &Path),
        database: Option<(&str, &str)>,
        roles: &[Role],
        chance: &mut Chance,
    ) -> Result<Fleet, Failure> {
        let mut members: Vec<Sandbox> = Vec::new();
        for (number, role) in (1..).zip(roles) {
            let name = match role {
                Role::Doors => format!("sandbox-{number}"),
                Role::Worker => format!("worker-{number}"),
            };
            let directory = data.join(&name);
            fs::create_dir_all(&directory)?;
            let mut place = Place::new(binary, &directory, &own.join(format!("{name}.log")))?;
            place.clock = FakeClock::new(&own.join(format!("{name}.clock")))?;
            place.database = database.map(|(url, _)| url.to_owned());
            place.recounted_at = database.map(|(_, url)| url.to_owned());
            let address = any_address(chance)?;
            // A sandbox on loopback calls itself by name; the others say of themselves what the first one does.
            place.base_url = members.first().map(|first| first.api().replace("127.0.0.1", "localhost"));
            members.push(Sandbox::new(&name, *role, place, address)?);
        }
        Ok(Fleet { members })
    }

    /// Starts all of them, the first before the others; gives the keys and a client of all doors.
    pub(crate) async fn start(&mut self) -> Result<(Keys, Client), Failure> {
        let Some((first, others)) = self.members.split_first_mut() else {
            return Err("an empty fleet".into());
        };
        let keys = first.start_first().await?;
        for other in &mut *others {
            for file in SHARED {
                fs::copy(first.place.data.join(file), other.place.data.join(file))?;
            }
            other.process.start()?;
        }
        let client = Client::new(&keys)?;
        for other in others {
            other.first_answer(&client).await?;
        }
        let doors = self.members.iter().filter(|member| member.role == Role::Doors);
        let client = client.of(doors.map(Sandbox::api).collect());
        Ok((keys, client))
    }

    /// Waits until every one of them answers again; gives how long that took.
    pub(crate) async fn all_answer(&mut self, client: &Client) -> Result<Duration, Failure> {
        let begun = Instant::now();
        for member in &mut self.members {
            member.first_answer(client).await?;
        }
        Ok(begun.elapsed())
    }

    /// Whether all of them can be told a false time.
    pub(crate) fn has_clocks(&self) -> bool {
        self.members.iter().all(|member| member.place.clock.is_some())
    }

    /// Sets all their clocks.
    pub(crate) fn set_clocks(&self, shift_s: i64) -> Result<(), Failure> {
        self.members
            .iter()
            .filter_map(|member| member.place.clock.as_ref())
            .try_for_each(|clock| clock.set(shift_s))
    }

    /// An orderly end of all, a recount of what they leave, and a start of all; gives the verdict.
    pub(crate) async fn end_and_restart(
        &mut self,
        client: &Client,
        book: &Book,
    ) -> Result<Option<String>, Failure> {
        for member in &mut self.members {
            let status = member.terminate().await?;
            ended_well(member, status, book);
        }
        let mut verdict = None;
        if let Some(first) = self.members.first() {
            verdict = book.judge(first.place.verify().await);
        }
        for member in &mut self.members {
            member.restart(client).await?;
        }
        Ok(verdict)
    }

    /// A panic in any log is a broken promise.
    pub(crate) fn look_for_panics(&self, book: &Book) {
        for member in &self.members {
            if member.place.words().contains("panicked at") {
                let name = member.process.name();
                book.broken(Broken::Other, format_args!("{name} panicked; its log says where"));
            }
        }
    }
}

/// After SIGTERM a process ends with success.
pub(crate) fn ended_well(member: &Sandbox, status: ExitStatus, book: &Book) {
    if !status.success() {
        let name = member.process.name();
        book.broken(Broken::Other, format_args!("after SIGTERM {name} ended with {status}"));
    }
}
