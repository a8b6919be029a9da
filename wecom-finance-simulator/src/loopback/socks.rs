//! The SOCKS5 front (RFC 1928, RFC 1929).

use std::{
    io::{self, Read, Write},
    net::TcpStream,
};

use super::{Shared, connection::read_array, tls};

const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;

/// The handshake; `true` when the tunnel stands.
pub(super) fn open(shared: &Shared, mut stream: &TcpStream) -> io::Result<bool> {
    let [_version, methods] = read_array(stream)?;
    let offered = read_vec(stream, methods)?;
    let wanted = if shared.credentials.is_some() { USER_AND_PASSWORD } else { NO_AUTHENTICATION };
    if !offered.contains(&wanted) {
        stream.write_all(&[5, 0xff])?;
        return Ok(false);
    }
    stream.write_all(&[5, wanted])?;
    if let Some((user, password)) = &shared.credentials {
        let [_version, user_len] = read_array(stream)?;
        let given_user = read_vec(stream, user_len)?;
        let [password_len] = read_array(stream)?;
        let given_password = read_vec(stream, password_len)?;
        let right = given_user == user.as_bytes() && given_password == password.as_bytes();
        stream.write_all(&[1, u8::from(!right)])?;
        if !right {
            return Ok(false);
        }
    }
    let [_version, command, _reserved, address_type] = read_array(stream)?;
    let host = match address_type {
        1 => read_vec(stream, 4)?,
        3 => {
            let [len] = read_array(stream)?;
            read_vec(stream, len)?
        }
        4 => read_vec(stream, 16)?,
        _ => return Ok(false),
    };
    let port = u16::from_be_bytes(read_array(stream)?);
    // A client that resolves names itself sends an address: whatever it found, it means WeCom.
    let ours = command == 1 && port == 443 && (address_type != 3 || host == tls::HOST.as_bytes());
    let code = if ours { 0 } else { 2 };
    if ours && !shared.sleep(shared.line.round_trip()) {
        return Ok(false);
    }
    stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0])?;
    Ok(ours)
}

fn read_vec(mut stream: &TcpStream, len: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::from(len)];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
