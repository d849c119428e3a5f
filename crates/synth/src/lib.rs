//! Simulated truth: scenes and registries with planted change for Atalaya
