//! The library of images, and mounts.

use super::{
    operation::{
        Kind::Number,
        Operation,
        Shape::{Bytes, Made},
        delete, get, patch, post,
    },
    schemas::Schemas,
};
use viaduct_api::{MediaImage, MediaLimits, Mount, NewImage, NewMount};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/api/v1/media", "Images of the library.")
            .gives(200, Made(Schemas::shown::<Vec<MediaImage>>)),
        post("/api/v1/media", "Begins the upload of an image.")
            .takes(Made(Schemas::taken::<NewImage>))
            .gives(201, Made(Schemas::shown::<MediaImage>))
            .refused(&[409, 413]),
        get("/api/v1/media/limits", "What the library still takes.")
            .gives(200, Made(Schemas::shown::<MediaLimits>)),
        get("/api/v1/media/{media}", "An image, and where its upload goes on.")
            .gives(200, Made(Schemas::shown::<MediaImage>)),
        patch("/api/v1/media/{media}", "Appends the next bytes to an upload.")
            .header(("Upload-Offset", Number, "Where these bytes belong."))
            .takes(Bytes("application/octet-stream"))
            .gives(200, Made(Schemas::shown::<MediaImage>))
            .refused(&[422]),
        delete("/api/v1/media/{media}", "Removes an image that no PC has mounted.")
            .gives_nothing(204),
        get("/api/v1/mounts", "Images that are mounted, or were a moment ago.")
            .gives(200, Made(Schemas::shown::<Vec<Mount>>)),
        post("/api/v1/mounts", "Puts an image into the CD drive of a PC.")
            .takes(Made(Schemas::taken::<NewMount>))
            .gives(201, Made(Schemas::shown::<Mount>))
            .of_device(),
        get("/api/v1/mounts/{id}", "How far a mount is.").gives(200, Made(Schemas::shown::<Mount>)),
        delete("/api/v1/mounts/{id}", "Takes the image out.").gives_nothing(204),
    ]
}
