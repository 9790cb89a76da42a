internal import CMicroHTTPD
internal import Foundation
internal import ServiceKit
internal import Synchronization

/// What libmicrohttpd's threads work with; the callbacks reach it by the pointer that the daemon was started with.
final class ServerCore: Sendable {
    let router: Router
    let limits: HTTPLimits
    let connections = ConnectionTable()
    let isDraining = Atomic(false)
    /// Requests that have begun and whose replies are not yet handed to the kernel.
    let inFlight = Atomic(0)
    let lastActivity = Atomic(UInt64(0))

    init(router: Router, limits: HTTPLimits) {
        self.router = router
        self.limits = limits
    }

    private var requestNanosecondsMax: UInt64 { UInt64(limits.requestMillisecondsMax) * 1_000_000 }
    private var idleNanosecondsMax: UInt64 { UInt64(limits.idleSecondsMax) * 1_000_000_000 }

    // MARK: Connections

    func opened(_ connection: OpaquePointer) -> ConnectionTable.Entry {
        let descriptor = freshet_connection_socket(connection)
        let deadline = monotonicNanoseconds() + requestNanosecondsMax
        let entry = ConnectionTable.Entry(descriptor: descriptor, deadline: deadline)
        connections.add(entry)
        return entry
    }

    // MARK: Requests

    /// The request's line has arrived: all the rest of it has to come in time.
    func arriving(_ connection: OpaquePointer) {
        setDeadline(connection, monotonicNanoseconds() + requestNanosecondsMax)
    }

    /// The head has arrived.
    func begin() -> Exchange {
        inFlight.add(1, ordering: .acquiringAndReleasing)
        lastActivity.store(monotonicNanoseconds(), ordering: .relaxed)
        return Exchange()
    }

    /// Takes note of a piece of the body, which no route looks at.
    /// - Returns: whether to go on; a client that sends many times too much is cut.
    func receive(_ byteCount: Int, for exchange: Exchange) -> Bool {
        exchange.bodyBytes += byteCount
        return exchange.bodyBytes <= 4 * limits.bodyBytesMax
    }

    /// The request has arrived whole.
    func respond(_ exchange: Exchange, method: String, path: UnsafePointer<CChar>) -> HTTPResponse {
        guard exchange.bodyBytes <= limits.bodyBytesMax else { return tooLarge() }
        let path = Self.withoutAuthority(path)
        let bytes = Array(UnsafeRawBufferPointer(start: path, count: strlen(path)))
        switch router.match(method: method, path: bytes) {
        case .route(let route, let parameters):
            return route.handler(HTTPRequest(parameters: parameters))
        case .wrongMethod(let allowed):
            let methods = allowed.joined(separator: ", ")
            var response = HTTPResponse.error(405, "method_not_allowed", "this path takes \(methods)")
            response.headers = [("Allow", methods)]
            return response
        case .notFound: return .error(404, "not_found", "no such path")
        case .malformed: return .error(400, "bad_request", "the path is not percent-encoded UTF-8")
        }
    }

    /// The path of a target that names its server too, `http://host/path`, which a server has to take (RFC 9112, section 3.2.2).
    private static func withoutAuthority(_ target: UnsafePointer<CChar>) -> UnsafePointer<CChar> {
        for scheme in ["http://", "https://"] where strncasecmp(target, scheme, scheme.utf8.count) == 0 {
            let rest = target + scheme.utf8.count
            return rest + strcspn(rest, "/")
        }
        return target
    }

    func tooLarge() -> HTTPResponse {
        .error(413, "content_too_large", "a body has at most \(limits.bodyBytesMax) bytes")
    }

    /// Hands a reply to libmicrohttpd.
    func send(_ response: HTTPResponse, on connection: OpaquePointer) -> MHD_Result {
        setDeadline(connection, monotonicNanoseconds() + requestNanosecondsMax)
        let made = response.body.withUnsafeBytes { buffer in
            // The buffer is copied, so it is not changed; the C signature only lacks the `const`.
            MHD_create_response_from_buffer(
                buffer.count, UnsafeMutableRawPointer(mutating: buffer.baseAddress), .RESPMEM_MUST_COPY)
        }
        guard let made else { return .NO }
        defer { MHD_destroy_response(made) }
        MHD_add_response_header(made, "Content-Type", response.contentType)
        for (name, value) in response.headers { MHD_add_response_header(made, name, value) }
        if isDraining.load(ordering: .acquiring) { MHD_add_response_header(made, "Connection", "close") }
        return MHD_queue_response(connection, UInt32(response.status), made)
    }

    /// The reply has been handed to the kernel, or the client is gone.
    func finish(_ connection: OpaquePointer) {
        let now = monotonicNanoseconds()
        // Idle time is libmicrohttpd's to watch; a next request's line that trickles is ours.
        setDeadline(connection, now + idleNanosecondsMax + requestNanosecondsMax)
        lastActivity.store(now, ordering: .relaxed)
        inFlight.subtract(1, ordering: .acquiringAndReleasing)
    }

    private func setDeadline(_ connection: OpaquePointer, _ nanoseconds: UInt64) {
        guard let context = freshet_connection_context(connection) else { return }
        Unmanaged<ConnectionTable.Entry>.fromOpaque(context).takeUnretainedValue().setDeadline(nanoseconds)
    }
}
