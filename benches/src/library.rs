//! How is a shared library used that may be absent?

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;

/// The address of `symbol` in `library`, which then stays loaded.
///
/// # Errors
///
/// One line that names what is missing and `remedy`.
pub fn symbol(library: &CStr, symbol: &CStr, remedy: &str) -> Result<NonNull<c_void>, String> {
    // SAFETY: both strings are NUL-terminated; the libraries named in this program have
    // constructors that only set up themselves.
    let address = unsafe {
        let handle = libc::dlopen(library.as_ptr(), libc::RTLD_NOW);
        if handle.is_null() {
            return Err(format!(
                "{} is not installed ({remedy})",
                library.to_string_lossy()
            ));
        }
        libc::dlsym(handle, symbol.as_ptr())
    };
    NonNull::new(address).ok_or_else(|| {
        let (library, symbol) = (library.to_string_lossy(), symbol.to_string_lossy());
        format!("{library} has no {symbol} ({remedy})")
    })
}
