//! The disk as a file-system layer of SQLite: a table of C functions
//! (<https://www.sqlite.org/c3ref/vfs.html>, <https://www.sqlite.org/c3ref/io_methods.html>).
//!
//! Every function here translates and does nothing else. SQLite promises what the safety comments rely
//! on: it passes the layer that was registered, files that were opened by it and not yet closed, and
//! buffers of the length it says.

mod methods;

use std::{
    ffi::{CStr, CString, c_char, c_int},
    ptr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rusqlite::ffi;

use crate::state::State;
use methods::{METHODS, Opened, Slot, code, length};

/// As long as any name in a test.
const NAME_LEN_MAX: c_int = 512;

/// A layer that SQLite knows under a name.
#[derive(Debug)]
pub(crate) struct Registered {
    name: CString,
    layer: *mut ffi::sqlite3_vfs,
    state: Arc<Mutex<State>>,
}

// SAFETY: the pointers are used to register and to unregister only; SQLite does both under its own mutex.
unsafe impl Send for Registered {}
// SAFETY: as above; through a shared reference only the name can be read.
unsafe impl Sync for Registered {}

impl Registered {
    pub(crate) fn new(state: Arc<Mutex<State>>) -> Registered {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let text = format!("simdisk-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let name = CString::new(text).expect("the text has no zero byte");
        let layer = Box::into_raw(Box::new(layer(&name, Arc::as_ptr(&state))));
        // SAFETY: the layer is complete and lives until it is unregistered.
        let code = unsafe { ffi::sqlite3_vfs_register(layer, 0) };
        assert_eq!(code, ffi::SQLITE_OK, "SQLite takes any layer that is complete");
        Registered { name, layer, state }
    }

    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        // SAFETY: it was registered and is unregistered once.
        unsafe { ffi::sqlite3_vfs_unregister(self.layer) };
        if self.state.lock().unwrap_or_else(PoisonError::into_inner).handles == 0 {
            // SAFETY: it came from a box, and no connection is left that could use it.
            drop(unsafe { Box::from_raw(self.layer) });
        }
    }
}

fn layer(name: &CStr, state: *const Mutex<State>) -> ffi::sqlite3_vfs {
    ffi::sqlite3_vfs {
        iVersion: 1,
        szOsFile: c_int::try_from(size_of::<Slot>()).expect("a few bytes"),
        mxPathname: NAME_LEN_MAX,
        pNext: ptr::null_mut(),
        zName: name.as_ptr(),
        pAppData: state.cast_mut().cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(last_error),
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

/// The disk of a layer.
///
/// # Safety
/// `vfs` must be a layer of this crate whose disk still lives.
unsafe fn disk_of(vfs: *mut ffi::sqlite3_vfs) -> Arc<Mutex<State>> {
    // SAFETY: the caller's promise.
    let state: *const Mutex<State> = unsafe { (*vfs).pAppData }.cast();
    // SAFETY: the pointer came from the `Arc` that the registered layer owns.
    unsafe { Arc::increment_strong_count(state) };
    // SAFETY: the count for this `Arc` has just been added.
    unsafe { Arc::from_raw(state) }
}

/// # Safety
/// `name` must be a C string.
unsafe fn text(name: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    let slot = file.cast::<Slot>();
    // SAFETY: SQLite passes room for a slot. Without methods it does not close what was not opened.
    unsafe { (*slot).base.pMethods = ptr::null() };
    // SAFETY: the layer is ours and its disk outlives its connections.
    let disk = unsafe { disk_of(vfs) };
    let mut state = disk.lock().unwrap_or_else(PoisonError::into_inner);
    let temporary = name.is_null();
    let name = if temporary {
        format!("temporary {}", state.operations)
    } else {
        // SAFETY: names from SQLite are C strings.
        unsafe { text(name) }
    };
    let handle = match state.open(&name, flags & ffi::SQLITE_OPEN_CREATE != 0) {
        Ok(handle) => handle,
        Err(code) => return code,
    };
    drop(state);
    let unlink_on_close = temporary || flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
    let opened = Box::into_raw(Box::new(Opened { state: disk, name, handle, unlink_on_close }));
    // SAFETY: room for a slot, as above.
    unsafe { (*slot).opened = opened };
    // SAFETY: as above.
    unsafe { (*slot).base.pMethods = &raw const METHODS };
    if !out_flags.is_null() {
        // SAFETY: SQLite passes null or room for the flags.
        unsafe { *out_flags = flags };
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: our layer, and a C string.
    let (disk, name) = unsafe { (disk_of(vfs), text(name)) };
    code(disk.lock().unwrap_or_else(PoisonError::into_inner).unlink(&name, sync_directory != 0))
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: our layer, and a C string.
    let (disk, name) = unsafe { (disk_of(vfs), text(name)) };
    let state = disk.lock().unwrap_or_else(PoisonError::into_inner);
    let there = state.files.get(&name).is_some_and(|file| file.exists);
    // SAFETY: SQLite passes room for the answer.
    unsafe { *out = c_int::from(there) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: a C string.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if name.len() > length(room) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: there is room for it, and SQLite passes a buffer of its own.
    unsafe { ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, len: c_int, out: *mut c_char) -> c_int {
    // The same every time: only the seed decides.
    // SAFETY: SQLite passes a buffer of this length.
    unsafe { ptr::write_bytes(out, 0x5A, length(len)) };
    len
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, us: c_int) -> c_int {
    std::thread::sleep(Duration::from_micros(u64::try_from(us).unwrap_or_default()));
    us
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // A Julian day; nothing in the store asks for it.
    // SAFETY: SQLite passes room for the answer.
    unsafe { *out = 2_460_000.5 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}
