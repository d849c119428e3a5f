//! With which exit code the errors of the rooms end the program.

use crate::fault::{Exit, Fault};

impl From<change::ChangeError> for Fault {
    fn from(error: change::ChangeError) -> Self {
        // A scene without a band is an input that cannot be used; a formula that cannot be read is the user's.
        let lacks = matches!(error, change::ChangeError::Raster(raster::RasterError::MissingRole { .. }));
        Self::from_error(if lacks { Exit::Input } else { Exit::Usage }, error)
    }
}

impl From<raster::RasterError> for Fault {
    fn from(error: raster::RasterError) -> Self {
        Self::from_error(Exit::Usage, error)
    }
}

impl From<geoio::GeoioError> for Fault {
    fn from(error: geoio::GeoioError) -> Self {
        Self::from_error(exit(error.kind()), error)
    }
}

impl From<geoio::layer::LayerError> for Fault {
    fn from(error: geoio::layer::LayerError) -> Self {
        Self::from_error(exit(error.kind()), error)
    }
}

impl From<geoio::store::StoreError> for Fault {
    fn from(error: geoio::store::StoreError) -> Self {
        Self::from_error(exit(error.kind()), error)
    }
}

impl From<geoio::sink::SinkError> for Fault {
    fn from(error: geoio::sink::SinkError) -> Self {
        let usage = matches!(error, geoio::sink::SinkError::Extension { .. });
        Self::from_error(if usage { Exit::Usage } else { exit(error.kind()) }, error)
    }
}

impl From<fetch::FetchError> for Fault {
    fn from(error: fetch::FetchError) -> Self {
        let exit = match error.kind() {
            fetch::Kind::Configuration => Exit::Usage,
            fetch::Kind::Input => Exit::Input,
            fetch::Kind::Output => Exit::Output,
            fetch::Kind::Stopped => {
                return crate::stop::check().err().unwrap_or_else(|| Self::from_error(Exit::Interrupted, error));
            }
        };
        Self::from_error(exit, error)
    }
}

fn exit(kind: geoio::Kind) -> Exit {
    match kind {
        geoio::Kind::Input | geoio::Kind::Nothing => Exit::Input,
        geoio::Kind::Configuration => Exit::Usage,
        geoio::Kind::Output => Exit::Output,
        geoio::Kind::Locked => Exit::Locked,
        geoio::Kind::Internal => Exit::Internal,
    }
}

impl From<pipeline::DetectionError<geoio::GeoioError>> for Fault {
    fn from(error: pipeline::DetectionError<geoio::GeoioError>) -> Self {
        match error {
            pipeline::DetectionError::Read(error) => error.into(),
            pipeline::DetectionError::Change(error) => Self::from_error(Exit::Internal, error),
            other => Self::from_error(Exit::Internal, other),
        }
    }
}

impl From<registry::RegistryError> for Fault {
    fn from(error: registry::RegistryError) -> Self {
        Self::from_error(Exit::Usage, error)
    }
}

impl From<align::AlignError> for Fault {
    fn from(error: align::AlignError) -> Self {
        Self::from_error(Exit::Input, error)
    }
}

impl From<alert::AlertError> for Fault {
    fn from(error: alert::AlertError) -> Self {
        Self::from_error(Exit::Internal, error)
    }
}
