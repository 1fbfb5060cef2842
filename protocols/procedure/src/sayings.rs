//! How refusals and warnings are declared: variant, stable code, norm, and the words in both languages, side by side.

/// Declares an enum of facts with, for each variant, a stable code, the norm and the words in both languages.
macro_rules! sayings {
    (
        $(#[$meta:meta])*
        $name:ident {
            $( $(#[$doc:meta])* $variant:ident $({ $( $field:ident : $type:ty = $about:literal ),+ $(,)? })?
               => $code:literal, $norm:expr, $it:literal, $en:literal; )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(tag = "kind", rename_all = "snake_case")]
        pub enum $name {
            $( $(#[$doc])* $variant $({ $( #[doc = $about] $field: $type ),+ })?, )+
        }

        impl $name {
            /// A stable code.
            pub fn code(&self) -> &'static str {
                match self { $( Self::$variant { .. } => concat!("procedure.", $code), )+ }
            }

            /// The norm that says so; none where it is the record itself that would contradict.
            pub fn norm(&self) -> Option<&'static str> {
                let norm: &'static str = match self { $( Self::$variant { .. } => $norm, )+ };
                (!norm.is_empty()).then_some(norm)
            }

            /// What it says, for people.
            pub fn text(&self, lang: Lang) -> String {
                match lang {
                    Lang::It => match self { $( Self::$variant $({ $($field),+ })? => { $( $( let _ = $field; )+ )? format!($it) } )+ },
                    Lang::En => match self { $( Self::$variant $({ $($field),+ })? => { $( $( let _ = $field; )+ )? format!($en) } )+ },
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.text(Lang::En))?;
                self.norm().map_or(Ok(()), |norm| write!(f, " ({norm})"))
            }
        }
    };
}

pub(crate) use sayings;

/// The norms that several sayings cite.
pub(crate) mod norms {
    pub(crate) const CONVENING: &str = "L. 241/1990 art. 14-bis c. 2";
    pub(crate) const CALLED: &str = "L. 241/1990 art. 14 c. 2";
    pub(crate) const REQUESTS: &str = "L. 241/1990 art. 14-bis c. 2 lett. b";
    pub(crate) const DETERMINATIONS: &str = "L. 241/1990 art. 14-bis c. 2 lett. c";
    pub(crate) const CONTENT: &str = "L. 241/1990 art. 14-bis c. 3";
    pub(crate) const SILENCE: &str = "L. 241/1990 art. 14-bis c. 4";
    pub(crate) const CONCLUSION: &str = "L. 241/1990 art. 14-bis c. 5";
    pub(crate) const SUSPENSION: &str = "L. 241/1990 art. 2 c. 7";
    pub(crate) const LATENESS: &str = "L. 241/1990 art. 2 c. 8-bis";
    pub(crate) const EFFICACY: &str = "L. 241/1990 art. 14-quater c. 3";
    pub(crate) const REBUTTAL: &str = "L. 241/1990 art. 10-bis";
    pub(crate) const COSTS: &str = "DL 76/2020 art. 13";
    pub(crate) const RECORD: &str = "";
    pub(crate) const BETWEEN_BODIES: &str = "CAD art. 47 c. 1-2";
    pub(crate) const CERTIFIED_MAIL: &str = "CAD art. 45, 48; DPR 68/2005 art. 6";
    pub(crate) const SYNCHRONOUS: &str = "L. 241/1990 art. 14-bis c. 7";
    pub(crate) const AFTERWARDS: &str = "L. 241/1990 art. 14-bis c. 6";
    pub(crate) const FACT_FINDING: &str = "L. 241/1990 art. 14 c. 1";
    pub(crate) const WORKS: &str = "L. 241/1990 art. 14-ter c. 2";
    pub(crate) const REPRESENTATIVE: &str = "L. 241/1990 art. 14-ter c. 3";
    pub(crate) const OF_STATE: &str = "L. 241/1990 art. 14-ter c. 4";
    pub(crate) const PREVAILING: &str = "L. 241/1990 art. 14-ter c. 7";
    pub(crate) const EARTHQUAKE: &str = "DL 189/2016 art. 16";
    pub(crate) const WORKS_49: &str = "D.Lgs. 259/2003 art. 49 c. 6";
    pub(crate) const PLANTS_44: &str = "D.Lgs. 259/2003 art. 44 c. 10";
}
