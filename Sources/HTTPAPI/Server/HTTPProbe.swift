internal import Foundation

/// Asks a running server one question: what a container's health check needs, without curl or a shell in the image.
public enum HTTPProbe {
    /// The status that a path answers with; `nil` when nobody answers in time. An address of all interfaces is asked on
    /// the loopback one.
    public static func status(of path: String, at address: ListenAddress, timeoutMilliseconds: Int = 2_000) -> Int? {
        // `HTTP/1.1 200 …`: the first twelve bytes say it.
        guard let line = answer(of: path, at: address, timeoutMilliseconds, most: 12), line.count == 12,
            line.starts(with: "HTTP/1.".utf8)
        else { return nil }
        return Int(String(decoding: line[9..<12], as: UTF8.self))
    }

    /// The body that a path answers with; `nil` when nobody answers with one in time.
    public static func body(of path: String, at address: ListenAddress, timeoutMilliseconds: Int = 2_000) -> String? {
        guard let bytes = answer(of: path, at: address, timeoutMilliseconds, most: .max) else { return nil }
        let answer = String(decoding: bytes, as: UTF8.self)
        return answer.firstRange(of: "\r\n\r\n").map { String(answer[$0.upperBound...]) }
    }

    /// What comes back up to the end of the connection, or the first `most` bytes of it.
    private static func answer(
        of path: String, at address: ListenAddress, _ timeoutMilliseconds: Int, most: Int
    ) -> [UInt8]? {
        let host = ["", "0.0.0.0"].contains(address.host) ? "127.0.0.1" : address.host == "::" ? "::1" : address.host
        let asked = ListenAddress(host: host, port: address.port)
        guard let descriptor = connected(to: asked, timeoutMilliseconds) else { return nil }
        defer { close(descriptor) }
        let request = Array("GET \(path) HTTP/1.1\r\nHost: \(asked)\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return nil }
        var answer: [UInt8] = []
        var part = [UInt8](repeating: 0, count: min(most, 1 << 16))
        while answer.count < most {
            let count = recv(descriptor, &part, min(part.count, most - answer.count), 0)
            guard count >= 0 else { return nil }
            if count == 0 { break }
            answer += part[..<count]
        }
        return answer
    }

    /// A connection to the first of a name's addresses where somebody listens.
    private static func connected(to address: ListenAddress, _ timeoutMilliseconds: Int) -> Int32? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, String(address.port), &hints, &found) == 0 else { return nil }
        defer { freeaddrinfo(found) }
        var next = found
        while let place = next?.pointee {
            next = place.ai_next
            let descriptor = socket(place.ai_family, place.ai_socktype, place.ai_protocol)
            guard descriptor >= 0 else { continue }
            var timeout = timeval(
                tv_sec: timeoutMilliseconds / 1_000, tv_usec: suseconds_t(timeoutMilliseconds % 1_000 * 1_000))
            // The kernel bounds connecting by the time to send.
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
            }
            if connect(descriptor, place.ai_addr, place.ai_addrlen) == 0 { return descriptor }
            close(descriptor)
        }
        return nil
    }
}
