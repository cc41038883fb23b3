//! The cluster of machines: who is the primary, and whether all is well.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde::Deserialize;
use tokio::time::sleep;

use super::{
    machine::{Addresses, Machine},
    programs::Programs,
};
use crate::{
    chance::Chance,
    output::{Failure, say},
};

/// How long the cluster may take to be whole: `initdb`, two copies of the primary, elections, on a busy machine.
const WHOLE_WITHIN: Duration = Duration::from_mins(4);
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long Patroni may take to say what it knows.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// How large it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) machines: u8,
    pub(super) etcds: u8,
}

/// What Patroni says of its members at `/cluster`.
#[derive(Debug, Deserialize)]
struct View {
    members: Vec<Member>,
}

#[derive(Debug, Deserialize)]
struct Member {
    name: String,
    role: String,
    state: String,
}

impl View {
    /// The primary, if there is one that runs.
    fn primary(&self) -> Option<&str> {
        let leads = |member: &&Member| member.role == "leader" && member.state == "running";
        self.members.iter().find(leads).map(|member| member.name.as_str())
    }

    /// Whether so many members run, one of them as the primary and one as its synchronous standby.
    fn is_whole(&self, machines: u8) -> bool {
        let runs = |member: &&Member| member.state == "running" || member.state == "streaming";
        let standbys =
            self.members.iter().filter(runs).filter(|member| member.role == "sync_standby").count();
        let running = self.members.iter().filter(runs).count();
        self.primary().is_some() && standbys > 0 && running == usize::from(machines)
    }
}

/// See the module.
pub(super) struct Cluster {
    machines: Vec<Machine>,
    size: Size,
    http: reqwest::Client,
}

impl Cluster {
    /// Starts it, and waits until it is whole.
    pub(super) async fn start(
        programs: &Programs,
        directory: &Path,
        size: Size,
        chance: &mut Chance,
    ) -> Result<Cluster, Failure> {
        let named = |number: u8| Ok((format!("machine-{number}"), Addresses::new(number, chance)?));
        let named = (1..=size.machines).map(named).collect::<Result<Vec<_>, Failure>>()?;
        let etcds = named.get(..usize::from(size.etcds)).unwrap_or(&named);
        let mut machines = Vec::new();
        for (name, addresses) in &named {
            let mut machine = Machine::new(programs, directory, (name, *addresses), etcds)?;
            machine.start()?;
            machines.push(machine);
        }
        let http = reqwest::Client::builder().no_proxy().timeout(LOOK_MAX).build()?;
        let mut cluster = Cluster { machines, size, http };
        let took = cluster.whole().await?;
        say(format_args!(
            "a cluster of {} machines is whole after {:.1} s",
            size.machines,
            took.as_secs_f32()
        ));
        Ok(cluster)
    }

    /// Where the platform finds the primary, whichever machine that is.
    pub(super) fn url(&self) -> String {
        let hosts = self.machines.iter().map(|machine| machine.addresses.postgresql.to_string());
        let hosts = hosts.collect::<Vec<_>>().join(",");
        format!("postgres://postgres@{hosts}/postgres?target_session_attrs=read-write")
    }

    /// Kills the machine of the primary; gives its name.
    pub(super) async fn kill_primary(&mut self) -> Result<String, Failure> {
        let view = self.view().await.ok_or("no Patroni answers")?;
        let primary = view.primary().ok_or("there is no primary")?.to_owned();
        let with_etcd = self.size.etcds > 1;
        let machine = self.machines.iter_mut().find(|machine| machine.name == primary);
        machine.ok_or("the primary is none of ours")?.kill(with_etcd)?;
        Ok(primary)
    }

    /// Starts what was killed again, and waits until the cluster is whole.
    pub(super) async fn revive(&mut self) -> Result<(), Failure> {
        for machine in &mut self.machines {
            if machine.still_runs().is_err() {
                machine.revive()?;
            }
        }
        let took = self.whole().await?;
        say(format_args!(
            "   the cluster is whole again {:.1} s after the machine's return",
            took.as_secs_f32()
        ));
        Ok(())
    }

    async fn whole(&mut self) -> Result<Duration, Failure> {
        let begun = Instant::now();
        loop {
            let view = self.view().await;
            if view.as_ref().is_some_and(|view| view.is_whole(self.size.machines)) {
                return Ok(begun.elapsed());
            }
            for machine in &mut self.machines {
                machine.still_runs()?;
            }
            if begun.elapsed() > WHOLE_WITHIN {
                let within_s = WHOLE_WITHIN.as_secs();
                return Err(format!("the cluster is not whole after {within_s} s: {view:?}").into());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// What the first member says that answers.
    async fn view(&self) -> Option<View> {
        for machine in &self.machines {
            let url = format!("http://{}/cluster", machine.addresses.patroni);
            let Ok(answer) = self.http.get(url).send().await else { continue };
            let Ok(text) = answer.text().await else { continue };
            if let Ok(view) = serde_json::from_str(&text) {
                return Some(view);
            }
        }
        None
    }
}
