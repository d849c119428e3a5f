use proptest::prelude::*;

use super::*;

/// A formula as a tree, evaluated in the plainest way.
#[derive(Debug, Clone)]
enum Tree {
    Number(f64),
    Band(usize),
    Negative(Box<Tree>),
    Call(&'static str, Box<Tree>),
    Sign(&'static str, Box<Tree>, Box<Tree>),
}

const NAMES: [&str; 3] = ["N", "R", "S2"];

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::Number(value) => format!("{value}"),
            Self::Band(band) => NAMES[*band].to_owned(),
            Self::Negative(a) => format!("(-{})", a.text()),
            Self::Call(name, a) => format!("{name}({})", a.text()),
            Self::Sign(sign, a, b) => format!("({} {sign} {})", a.text(), b.text()),
        }
    }

    fn value(&self, bands: &[f64; 3]) -> f64 {
        match self {
            Self::Number(value) => *value,
            Self::Band(band) => bands[*band],
            Self::Negative(a) => -a.value(bands),
            Self::Call("abs", a) => a.value(bands).abs(),
            Self::Call(_, a) => a.value(bands).tanh(),
            Self::Sign("+", a, b) => a.value(bands) + b.value(bands),
            Self::Sign("-", a, b) => a.value(bands) - b.value(bands),
            Self::Sign("*", a, b) => a.value(bands) * b.value(bands),
            Self::Sign(_, a, b) => a.value(bands) / b.value(bands),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![(0u16..64).prop_map(|n| Tree::Number(f64::from(n) / 8.0)), (0usize..3).prop_map(Tree::Band)];
    leaf.prop_recursive(5, 40, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|a| Tree::Negative(Box::new(a))),
            (prop_oneof![Just("abs"), Just("tanh")], inner.clone()).prop_map(|(f, a)| Tree::Call(f, Box::new(a))),
            (prop_oneof![Just("+"), Just("-"), Just("*"), Just("/")], inner.clone(), inner).prop_map(|(sign, a, b)| Tree::Sign(
                sign,
                Box::new(a),
                Box::new(b)
            )),
        ]
    })
}

proptest! {
    #[test]
    fn a_compiled_formula_gives_what_plain_evaluation_gives(tree in tree(), bands in prop::array::uniform3(-2.0f32..2.0)) {
        let text = format!("{} + 0*N", tree.text());
        let cube = reflectance(&[(Band::Nir, bands[0]), (Band::Red, bands[1]), (Band::Swir22, bands[2])]);
        let got = own(&text).expect("a formula").compute(&cube).expect("bands")[[0, 0, 0]];
        let expected = (tree.value(&bands.map(f64::from)) + 0.0 * f64::from(bands[0])) as f32;
        if expected.is_finite() {
            prop_assert!(got.to_bits() == expected.to_bits() || (got - expected).abs() <= f32::EPSILON * expected.abs(), "{}: {} is not {}", text, got, expected);
        } else {
            prop_assert!(got.is_nan(), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,60}") {
        let _ = own(&text);
    }

    #[test]
    fn no_mixture_of_its_signs_makes_the_parser_panic(text in "[NRS12()*/+., e-]{0,40}") {
        let _ = own(&text);
    }
}
