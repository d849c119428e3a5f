//! What officials say: registry catalogues, overlay and joins of Atalaya
