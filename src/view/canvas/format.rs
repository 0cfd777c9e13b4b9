//! Which kinds of picture can be written, and what can go wrong?

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// A kind of picture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureFormat {
    /// Pixels.
    Png,
    /// Vectors.
    Svg,
}

/// A picture that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// An extension that is no kind of picture.
    #[error("'{}' is not a picture name; end it in .png or .svg", .0.display())]
    Extension(PathBuf),
    /// The file could not be written.
    #[error("cannot write {}: {message}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        message: String,
    },
}

impl FigureError {
    /// An error in writing `path`.
    pub fn write(path: &Path, cause: impl Display) -> Self {
        Self::Write {
            path: path.to_owned(),
            message: cause.to_string(),
        }
    }
}

impl FigureFormat {
    /// The format that the extension of `path` names.
    ///
    /// # Errors
    ///
    /// If it is neither `png` nor `svg`.
    pub fn of(path: &Path) -> Result<Self, FigureError> {
        let extension = path.extension().map(|e| e.to_ascii_lowercase());
        match extension.as_deref().and_then(|e| e.to_str()) {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ => Err(FigureError::Extension(path.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_names_the_format_and_others_are_refused() {
        let of = |name: &str| FigureFormat::of(Path::new(name));
        assert_eq!(of("a/b.png").unwrap(), FigureFormat::Png);
        assert_eq!(of("b.SVG").unwrap(), FigureFormat::Svg);
        for name in ["b.pdf", "b", "png"] {
            let error = of(name).unwrap_err().to_string();
            assert!(
                error.contains(name) && error.contains(".png or .svg"),
                "{error}"
            );
        }
    }
}
