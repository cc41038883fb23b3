//! What SQLite does with an open file.

use std::{
    ffi::{c_int, c_void},
    ptr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{Ordering, fence},
    },
};

use rusqlite::ffi;

use crate::{
    file::Change,
    lock::Level,
    memory::REGION_LEN,
    state::{Code, State},
};

/// What the layer for Unix says of every disk.
const SECTOR_LEN: c_int = 4_096;

/// What an open file is to this layer.
pub(super) struct Opened {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) name: String,
    pub(super) handle: u64,
    pub(super) unlink_on_close: bool,
}

impl Opened {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SQLite allocates this for each file; the first member is its own.
#[repr(C)]
pub(super) struct Slot {
    pub(super) base: ffi::sqlite3_file,
    pub(super) opened: *mut Opened,
}

pub(super) static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
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

pub(super) fn code(result: Result<(), Code>) -> c_int {
    result.err().unwrap_or(ffi::SQLITE_OK)
}

/// SQLite's lengths and places are never negative.
pub(super) fn length(number: impl TryInto<usize>) -> usize {
    number.try_into().unwrap_or_default()
}

/// # Safety
/// `file` must have been opened by [`super::open`] and not closed.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a Opened {
    // SAFETY: the caller's promise: the slot is initialised.
    let opened = unsafe { (*file.cast::<Slot>()).opened };
    // SAFETY: it came from a box that is freed by `close` only.
    unsafe { &*opened }
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
    // As the layer for Unix: these regions are a file, which may find no room to grow.
    let is_new = state.files.get(&opened.name).is_some_and(|file| !file.memory.has(length(region)));
    if extend != 0 && is_new && state.capacity.is_some_and(|capacity| state.used() + REGION_LEN > capacity) {
        state.regions_refused += 1;
        return ffi::SQLITE_IOERR_SHMSIZE;
    }
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
