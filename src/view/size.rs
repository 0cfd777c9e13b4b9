//! How large is a picture, and for whom?

use std::str::FromStr;

use super::canvas::Canvas;
use crate::text::ParseError;

/// Where a picture is looked at. Text forms: `readme`, `slide`, `paper`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    /// In the column of a page: at most 830 points wide, as high as it has to be.
    #[default]
    Readme,
    /// On a screen in a hall: within 1280 x 720, letters half as large again.
    Slide,
    /// In print: at most 510 points (180 mm) wide, letters three quarters as large.
    Paper,
}

/// What a size asks of a picture.
struct Measures {
    name: &'static str,
    /// Most width and height on the page [points].
    most: (f64, f64),
    /// How many times as large as in a README letters are [1].
    zoom: f64,
}

impl Size {
    /// Every size.
    pub const ALL: [Self; 3] = [Self::Readme, Self::Slide, Self::Paper];

    // Source: 830 points is the column of a README on GitHub; 180 mm is the width of a page of Nature and
    // of two columns of an ACM or IEEE paper; 1280 x 720 is a slide of 16 : 9.
    fn measures(self) -> Measures {
        let (name, most, zoom) = match self {
            Self::Readme => ("readme", (830.0, f64::INFINITY), 1.0),
            Self::Slide => ("slide", (1280.0, 720.0), 1.5),
            Self::Paper => ("paper", (510.0, 680.0), 0.75),
        };
        Measures { name, most, zoom }
    }

    /// How many times as large a picture of this width and height is drawn [1].
    pub(super) fn factor(self, width: f64, height: f64) -> f64 {
        let Measures { most, zoom, .. } = self.measures();
        zoom.min(most.0 / width).min(most.1 / height)
    }

    /// The ratio of width to height that suits it best [1].
    pub(super) fn shape(self) -> f64 {
        match self {
            Self::Readme | Self::Paper => 1.4,
            Self::Slide => 16.0 / 9.0,
        }
    }

    /// `picture` with letters of this size, or smaller ones where it would not fit.
    pub fn fit(self, picture: Canvas) -> Canvas {
        let (width, height) = picture.size();
        match self.factor(width, height) {
            1.0 => picture,
            factor => picture.scaled(factor),
        }
    }
}

impl FromStr for Size {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let named = |size: &Self| size.measures().name == text;
        Self::ALL.into_iter().find(named).ok_or_else(|| {
            let names = Self::ALL.map(|size| size.measures().name).join(", ");
            ParseError::new("size", text, format!("one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400 x 300 is enlarged 1.5 times for a slide; of 2000 x 300 the width decides, 1280 / 2000, and of
    /// 400 x 900 the height, 720 / 900 = 0.8.
    #[test]
    fn a_picture_is_as_large_as_its_letters_should_be_unless_it_would_not_fit() {
        let fit = |width, height| Size::Slide.fit(Canvas::new(width, height)).size();
        assert_eq!(fit(400.0, 300.0), (600.0, 450.0));
        assert_eq!(fit(2000.0, 300.0), (1280.0, 192.0));
        assert_eq!(fit(400.0, 900.0), (320.0, 720.0));
        let readme = Size::Readme.fit(Canvas::new(400.0, 9000.0)).size();
        assert_eq!(readme, (400.0, 9000.0));
        assert_eq!("paper".parse(), Ok(Size::Paper));
        assert!("a4".parse::<Size>().is_err());
    }
}
