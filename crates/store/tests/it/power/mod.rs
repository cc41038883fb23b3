//! Power cuts, ends of processes, failing and full disks: the real store on a simulated disk.

mod control;
mod cuts;
mod faults;
mod story;
