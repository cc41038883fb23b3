//! A small file system for the instance, so that it can be full.
//!
//! It is a tmpfs, whose size can be changed while it is used: "full" is the size that is in use, with a little room.
//! Mounting one needs root. Syncs cost nothing on it; what a sync is for is shown by the tests of the store.

use std::{path::Path, path::PathBuf, process::Command};

use crate::output::{Failure, say};

/// The size while it is not full, in kB. What is not used is not taken from memory. The store only grows: about
/// 2 MB a second under the load here.
const ROOM_KB: u64 = 512 * 1_024;
const ROOM_KB_PER_S: u64 = 4 * 1_024;

/// What is left when it is full, in kB: some commits still succeed, so that the failure comes in mid-work. Whoever
/// writes while the size is changed may take it first; then the next is tried.
const LEFT_KB: [u64; 4] = [128, 512, 2_048, 8_192];

/// See the module.
#[derive(Debug)]
pub(crate) struct Disk {
    place: PathBuf,
    room_kb: u64,
    is_kept: bool,
}

impl Disk {
    /// Puts one on an empty directory, for a run of so many seconds; nothing where that is not allowed.
    pub(crate) fn mount(place: &Path, seconds: u64) -> Option<Disk> {
        let room_kb = ROOM_KB.saturating_add(ROOM_KB_PER_S.saturating_mul(seconds));
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("mode=0700,size={room_kb}k"), "tongbao-torture"])
            .arg(place);
        let done = mount.output().is_ok_and(|output| output.status.success());
        done.then(|| Disk { place: place.to_owned(), room_kb, is_kept: false })
    }

    /// Leaves almost no room.
    pub(crate) fn fill(&self) -> Result<(), Failure> {
        let mut done = Ok(());
        for left_kb in LEFT_KB {
            done = self.resize(self.used_kb()?.saturating_add(left_kb));
            if done.is_ok() {
                break;
            }
        }
        done
    }

    fn used_kb(&self) -> Result<u64, Failure> {
        let output = Command::new("df").args(["--output=used", "-k"]).arg(&self.place).output()?;
        let words = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(words.lines().last().unwrap_or_default().trim().parse()?)
    }

    /// Makes room again.
    pub(crate) fn free(&self) -> Result<(), Failure> {
        self.resize(self.room_kb)
    }

    fn resize(&self, size_kb: u64) -> Result<(), Failure> {
        let size = format!("remount,size={size_kb}k");
        let output = Command::new("mount").args(["-o", &size]).arg(&self.place).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(format!("mount -o {size}: {said}").into()) }
    }

    /// Leaves it mounted, for whoever wants to look.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
        say(format_args!("when done: umount {}", self.place.display()));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if !self.is_kept {
            // Lazily, so that a process that is just ending does not hold it.
            drop(Command::new("umount").arg("--lazy").arg(&self.place).status());
        }
    }
}
