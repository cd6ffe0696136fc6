//! Symbolic execution of WebAssembly, and certificates of what it proved. Holds nothing yet.
