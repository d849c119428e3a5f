use super::formula::{Formula, Step};

/// Pixels that are computed at a time: few enough that all registers stay in the first cache.
pub(super) const CHUNK: usize = 512;

/// What is computed of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Negate,
    Square,
    Tanh,
    Exp,
    Ln,
    Sqrt,
    Abs,
}

impl Unary {
    /// The functions of one value that formulas may name.
    pub(super) const FUNCTIONS: [(&'static str, Self); 5] =
        [("tanh", Self::Tanh), ("exp", Self::Exp), ("ln", Self::Ln), ("sqrt", Self::Sqrt), ("abs", Self::Abs)];

    pub(super) fn apply(self, x: f64) -> f64 {
        match self {
            Self::Negate => -x,
            Self::Square => x * x,
            Self::Tanh => x.tanh(),
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
            Self::Sqrt => x.sqrt(),
            Self::Abs => x.abs(),
        }
    }
}

/// What is computed of two values. NaN in either gives NaN, in powers and extremes too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Min,
    Max,
}

impl Binary {
    /// The functions of two values that formulas may name.
    pub(super) const FUNCTIONS: [(&'static str, Self); 2] = [("min", Self::Min), ("max", Self::Max)];

    pub(super) fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => power(a, b),
            Self::Min => min(a, b),
            Self::Max => max(a, b),
        }
    }
}

/// IEEE 754 has `1**NaN` and `NaN**0` be 1; here what was not observed stays so.
fn power(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.powf(b) }
}

fn min(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() { a } else { b }
}

fn max(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Operand {
    Constant(f64),
    Input(usize),
    Scratch(usize),
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    Unary(Unary, Operand),
    Binary(Binary, Operand, Operand),
}

/// One operation over a chunk of pixels; the target is none of its operands.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Instruction {
    operation: Operation,
    target: usize,
}

/// A formula compiled to operations over registers of [`CHUNK`] pixels.
#[derive(Debug, Clone)]
pub(super) struct Program {
    instructions: Vec<Instruction>,
    result: Operand,
    scratch: usize,
}

impl Program {
    /// The program of a formula; what is constant is computed now.
    pub(super) fn compile(formula: &Formula) -> Self {
        let mut compiler = Compiler::default();
        for step in &formula.steps {
            compiler.step(*step);
        }
        let result = compiler.pop();
        Self { instructions: compiler.instructions, result, scratch: compiler.scratch }
    }

    /// The program that gives its first input back.
    pub(super) fn identity() -> Self {
        Self { instructions: Vec::new(), result: Operand::Input(0), scratch: 0 }
    }

    /// Registers that the program writes to.
    pub(super) fn scratch(&self) -> usize {
        self.scratch
    }

    /// Writes the value of each pixel; NaN where it is not finite in f32.
    ///
    /// `inputs` are registers, `places` which of them each symbol of the formula is; the first `out.len()` pixels count.
    #[inline(always)]
    pub(super) fn run(&self, inputs: &[Register], places: &[usize], scratch: &mut [Register], out: &mut [f32]) {
        let len = out.len();
        for instruction in &self.instructions {
            let mut target = std::mem::take(&mut scratch[instruction.target]);
            let values = |operand| match operand {
                Operand::Constant(value) => Values::Constant(value),
                Operand::Input(i) => Values::Each(&inputs[places[i]].0[..len]),
                Operand::Scratch(i) => Values::Each(&scratch[i].0[..len]),
            };
            match instruction.operation {
                Operation::Unary(unary, a) => unary_over(unary, values(a), &mut target.0[..len]),
                Operation::Binary(binary, a, b) => binary_over(binary, values(a), values(b), &mut target.0[..len]),
            }
            scratch[instruction.target] = target;
        }
        let result = match self.result {
            Operand::Input(i) => &inputs[places[i]].0[..len],
            Operand::Scratch(i) => &scratch[i].0[..len],
            Operand::Constant(value) => return out.fill(finite(value)),
        };
        for (out, value) in out.iter_mut().zip(result) {
            *out = finite(*value);
        }
    }
}

#[inline(always)]
fn finite(value: f64) -> f32 {
    let value = value as f32;
    if value.is_finite() { value } else { f32::NAN }
}

/// The values of a chunk of pixels.
#[derive(Debug, Default)]
pub(super) struct Register(pub(super) Vec<f64>);

impl Register {
    /// Registers of [`CHUNK`] pixels.
    pub(super) fn many(count: usize) -> Vec<Self> {
        (0..count).map(|_| Self(vec![0.0; CHUNK])).collect()
    }
}

#[derive(Clone, Copy)]
enum Values<'a> {
    Constant(f64),
    Each(&'a [f64]),
}

#[inline(always)]
fn unary_over(unary: Unary, a: Values<'_>, target: &mut [f64]) {
    match unary {
        Unary::Negate => map(target, a, |x| -x),
        Unary::Square => map(target, a, |x| x * x),
        Unary::Sqrt => map(target, a, f64::sqrt),
        Unary::Abs => map(target, a, f64::abs),
        Unary::Tanh | Unary::Exp | Unary::Ln => map(target, a, |x| unary.apply(x)),
    }
}

/// One loop an operation, so that each becomes vector code.
#[inline(always)]
fn binary_over(binary: Binary, a: Values<'_>, b: Values<'_>, target: &mut [f64]) {
    match binary {
        Binary::Add => zip(target, a, b, |a, b| a + b),
        Binary::Subtract => zip(target, a, b, |a, b| a - b),
        Binary::Multiply => zip(target, a, b, |a, b| a * b),
        Binary::Divide => zip(target, a, b, |a, b| a / b),
        Binary::Min => zip(target, a, b, min),
        Binary::Max => zip(target, a, b, max),
        Binary::Power => zip(target, a, b, power),
    }
}

#[inline(always)]
fn map(target: &mut [f64], a: Values<'_>, f: impl Fn(f64) -> f64) {
    match a {
        Values::Constant(a) => target.fill(f(a)),
        Values::Each(a) => target.iter_mut().zip(a).for_each(|(t, a)| *t = f(*a)),
    }
}

#[inline(always)]
fn zip(target: &mut [f64], a: Values<'_>, b: Values<'_>, f: impl Fn(f64, f64) -> f64) {
    match (a, b) {
        (Values::Each(a), Values::Each(b)) => target.iter_mut().zip(a).zip(b).for_each(|((t, a), b)| *t = f(*a, *b)),
        (Values::Each(a), Values::Constant(b)) => target.iter_mut().zip(a).for_each(|(t, a)| *t = f(*a, b)),
        (Values::Constant(a), Values::Each(b)) => target.iter_mut().zip(b).for_each(|(t, b)| *t = f(a, *b)),
        (Values::Constant(a), Values::Constant(b)) => target.fill(f(a, b)),
    }
}

#[derive(Default)]
struct Compiler {
    instructions: Vec<Instruction>,
    stack: Vec<Operand>,
    free: Vec<usize>,
    scratch: usize,
}

impl Compiler {
    fn pop(&mut self) -> Operand {
        self.stack.pop().expect("the parser writes operands before operators")
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Number(value) => self.stack.push(Operand::Constant(value)),
            Step::Load(place) => self.stack.push(Operand::Input(place)),
            Step::Unary(unary) => self.unary(unary),
            Step::Binary(binary) => self.binary(binary),
        }
    }

    fn unary(&mut self, unary: Unary) {
        match self.pop() {
            Operand::Constant(value) => self.stack.push(Operand::Constant(unary.apply(value))),
            operand => self.emit(Operation::Unary(unary, operand), &[operand]),
        }
    }

    fn binary(&mut self, binary: Binary) {
        let (b, a) = (self.pop(), self.pop());
        match (binary, a, b) {
            (_, Operand::Constant(a), Operand::Constant(b)) => self.stack.push(Operand::Constant(binary.apply(a, b))),
            (Binary::Power, _, Operand::Constant(2.0)) => self.emit(Operation::Unary(Unary::Square, a), &[a]),
            (Binary::Power, _, Operand::Constant(0.5)) => self.emit(Operation::Unary(Unary::Sqrt, a), &[a]),
            _ => self.emit(Operation::Binary(binary, a, b), &[a, b]),
        }
    }

    fn emit(&mut self, operation: Operation, operands: &[Operand]) {
        let target = self.free.pop().unwrap_or_else(|| {
            self.scratch += 1;
            self.scratch - 1
        });
        self.instructions.push(Instruction { operation, target });
        self.free.extend(operands.iter().filter_map(|operand| match operand {
            Operand::Scratch(register) => Some(*register),
            _ => None,
        }));
        self.stack.push(Operand::Scratch(target));
    }
}
