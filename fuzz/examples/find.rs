//! scratch
use std::{collections::BTreeMap, fs};
use fuzz::targets::actions::play;
fn main() {
    let mut c = simdisk::Chance::new(3);
    let mut best: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let kinds = [0u8, 7, 7, 7, 10, 10, 10, 12, 12, 3, 17, 15, 15, 2, 14, 13];
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while std::time::Instant::now() < end {
        let n = 3 + c.below(14);
        let mut p = vec![0u8, 0, c.below(256) as u8];
        for _ in 0..n { p.extend([kinds[c.below(16) as usize], c.below(4) as u8, c.below(256) as u8]); }
        for k in play(&p) {
            let e = best.entry(format!("{k:?}")).or_insert_with(|| p.clone());
            if p.len() < e.len() { *e = p.clone(); }
        }
    }
    for (k, p) in best {
        // drop steps
        let mut p = p; let mut i = 0;
        while i < p.len() { let mut q = p.clone(); q.drain(i..i+3); if play(&q).iter().any(|x| format!("{x:?}")==k) { p = q } else { i += 3 } }
        fs::write(format!("/tmp/keep/{k}"), &p).unwrap();
        println!("{k} {:?}", p);
    }
}
