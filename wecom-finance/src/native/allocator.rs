//! How the C library's allocator treats what is freed.

/// From this size on, in bytes, a block is mapped from the system by itself, and unmapped when it is freed. It is glibc's own
/// value at the start of a process.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_BLOCK: libc::c_int = 128 * 1024;

/// Has glibc give large blocks back to the system as soon as they are freed, in the whole process.
///
/// A piece of a file is several blocks of half a megabyte, in the SDK and on its way from there. Unless it is told otherwise,
/// glibc takes the first one that is freed as a sign to keep such blocks from then on, for each thread by itself: a
/// program that fetches files over several connections then takes twice the memory that it uses.
///
/// This is a setting of the process, so it is the program's to make: once, at its start. Worker processes make it by themselves, and the
/// binary does. With another C library than glibc, and on other systems than Linux, it does nothing.
///
/// ```no_run
/// fn main() {
///     wecom_finance::worker::run_if_child();
///     wecom_finance::return_freed_memory();
///     // …
/// }
/// ```
#[doc(alias = "mallopt")]
pub fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets a number of glibc's allocator, which locks itself for it. Blocks that are in use stay as they are, and freeing
    // works alike for both kinds. Nothing that the SDK guarantees or demands (C1 to C12) is about how it is set.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK);
    }
}
