//! In what order: chunks, threads and the memory budget of Atalaya
