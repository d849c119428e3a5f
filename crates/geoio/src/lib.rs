//! In and out: scenes, warping, layers and file formats of Atalaya
