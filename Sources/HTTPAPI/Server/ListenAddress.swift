internal import Foundation

/// Where a server listens: `HOST:PORT`, `[::1]:8080`, or `:8080` for all interfaces, of IPv4 and IPv6; port 0 takes a free one.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    /// Empty for all interfaces.
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// - Throws: ``HTTPServerError`` when the text is no address.
    public init(_ text: String) throws(HTTPServerError) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw HTTPServerError(code: .address, message: "'\(text)' is not HOST:PORT")
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw HTTPServerError(code: .address, message: "'\(text)': an IPv6 address stands in brackets")
        }
        self.init(host: String(host), port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Binds a listening socket here.
    /// - Returns: the descriptor and the port that the kernel gave.
    func bindSocket() throws(HTTPServerError) -> (descriptor: Int32, port: UInt16) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        // A socket of IPv6 takes connections of both families.
        let name = !host.isEmpty ? host : Self.hasIPv6 ? "::" : "0.0.0.0"
        let code = getaddrinfo(name, String(port), &hints, &found)
        guard code == 0, let found else { throw failure(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(found) }
        let kind = found.pointee.ai_socktype | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(found.pointee.ai_family, kind, found.pointee.ai_protocol)
        guard descriptor >= 0 else { throw failure(lastError()) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        if host.isEmpty {
            var no: Int32 = 0
            setsockopt(
                descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &no, socklen_t(MemoryLayout<Int32>.size))
        }
        guard bind(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0, listen(descriptor, 1_024) == 0
        else {
            let message = lastError()
            close(descriptor)
            throw failure(message)
        }
        return (descriptor, Self.localPort(of: descriptor))
    }

    private static var hasIPv6: Bool {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    private static func localPort(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        // The port stands at the same place for both families.
        withUnsafeMutablePointer(to: &address) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return UInt16(bigEndian: address.sin6_port)
    }

    private func failure(_ reason: String) -> HTTPServerError {
        HTTPServerError(code: .bind, message: "cannot listen on \(self): \(reason)")
    }
}

private func lastError() -> String { String(cString: strerror(errno)) }
