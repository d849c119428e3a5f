//! The atalaya program.
fn main() {}
