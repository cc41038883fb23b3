//! The disk as a file-system layer of SQLite: a table of C functions
//! (<https://www.sqlite.org/c3ref/vfs.html>, <https://www.sqlite.org/c3ref/io_methods.html>).
//!
//! Every function here translates and does nothing else. SQLite promises what the safety comments rely
//! on: it passes the layer that was registered, files that were opened by it and not yet closed, and
//! buffers of the length it says.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering, fence},
    },
    time::Duration,
};

use rusqlite::ffi;

use crate::{
    file::Change,
    lock::Level,
    memory::REGION_LEN,
    state::{Code, State},
};

/// As long as any name in a test.
const NAME_LEN_MAX: c_int = 512;
/// What the layer for Unix says of every disk.
const SECTOR_LEN: c_int = 4_096;

/// What an open file is to this layer.
struct Opened {
    state: Arc<Mutex<State>>,
    name: String,
    handle: u64,
    unlink_on_close: bool,
}

impl Opened {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SQLite allocates this for each file; the first member is its own.
#[repr(C)]
struct Slot {
    base: ffi::sqlite3_file,
    opened: *mut Opened,
}

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

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn code(result: Result<(), Code>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

/// SQLite's lengths and places are never negative.
fn length(number: impl TryInto<usize>) -> usize {
    number.try_into().unwrap_or_default()
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

/// # Safety
/// `file` must have been opened by [`open`] and not closed.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a Opened {
    // SAFETY: the caller's promise: the slot is initialised.
    let opened = unsafe { (*file.cast::<Slot>()).opened };
    // SAFETY: it came from a box that is freed by `close` only.
    unsafe { &*opened }
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

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: an open file.
    let opened = unsafe { (*file.cast::<Slot>()).opened };
    // SAFETY: it came from a box, and SQLite closes a file once.
    let opened = unsafe { Box::from_raw(opened) };
    opened.state().close(&opened.name, opened.handle, opened.unlink_on_close);
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, len: c_int, at: i64) -> c_int {
    // SAFETY: SQLite passes a buffer of this length.
    let into = unsafe { std::slice::from_raw_parts_mut(into.cast::<u8>(), length(len)) };
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    match opened.state().read(&opened.name, length(at), into) {
        Ok(got) if got == into.len() => ffi::SQLITE_OK,
        Ok(got) => {
            into[got..].fill(0);
            ffi::SQLITE_IOERR_SHORT_READ
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, len: c_int, at: i64) -> c_int {
    // SAFETY: SQLite passes a buffer of this length.
    let content = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), length(len)) };
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    code(opened.state().change(&opened.name, Change::Write(length(at), content.to_vec())))
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: i64) -> c_int {
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    code(opened.state().change(&opened.name, Change::Truncate(length(len))))
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    code(opened.state().sync(&opened.name))
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    let len = opened.state().files.get(&opened.name).map_or(0, |file| file.live.len());
    // SAFETY: SQLite passes room for the size.
    unsafe { *out = i64::try_from(len).unwrap_or(i64::MAX) };
    ffi::SQLITE_OK
}

fn level(number: c_int) -> Level {
    match number {
        ffi::SQLITE_LOCK_NONE => Level::None,
        ffi::SQLITE_LOCK_SHARED => Level::Shared,
        ffi::SQLITE_LOCK_RESERVED => Level::Reserved,
        ffi::SQLITE_LOCK_PENDING => Level::Pending,
        _ => Level::Exclusive,
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, to: c_int) -> c_int {
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    let mut state = opened.state();
    let file = state.files.get_mut(&opened.name);
    let raised = file.map_or(Ok(()), |file| file.locks.raise(opened.handle, level(to)));
    code(raised.map_err(|_| ffi::SQLITE_BUSY))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, to: c_int) -> c_int {
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    if let Some(file) = opened.state().files.get_mut(&opened.name) {
        file.locks.lower(opened.handle, level(to));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    let reserved = opened.state().files.get(&opened.name).is_some_and(|file| file.locks.is_reserved());
    // SAFETY: SQLite passes room for the answer.
    unsafe { *out = c_int::from(reserved) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    SECTOR_LEN
}

unsafe extern "C" fn device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    // As the layer for Unix: writing a part of a sector does not harm its neighbours.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    region_len: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    if length(region_len) != REGION_LEN {
        return ffi::SQLITE_IOERR_SHMMAP;
    }
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    let mut state = opened.state();
    let memory = state.files.get_mut(&opened.name).map(|file| &mut file.memory);
    let region = memory.and_then(|memory| memory.map(opened.handle, length(region), extend != 0));
    // SAFETY: SQLite passes room for the pointer; null says that the region is not there.
    unsafe { *out = region.map_or(ptr::null_mut(), |region| region.as_ptr().cast()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    let slots = length(first)..length(first + count);
    let mut state = opened.state();
    let Some(file) = state.files.get_mut(&opened.name) else { return ffi::SQLITE_IOERR_SHMLOCK };
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        file.memory.unlock(opened.handle, slots);
        return ffi::SQLITE_OK;
    }
    let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    code(file.memory.lock(opened.handle, slots, exclusive).map_err(|_| ffi::SQLITE_BUSY))
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    // As the layer for Unix: a fence, and the mutex for good measure.
    fence(Ordering::SeqCst);
    drop(opened.state());
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let opened = unsafe { opened(file) };
    if let Some(file) = opened.state().files.get_mut(&opened.name) {
        file.memory.unmap(opened.handle);
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
