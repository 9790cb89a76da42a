/// Finds the handler of a method and path. Patterns are literal segments and `{parameters}`, one segment each; the
/// first that fits is taken.
public struct Router: Sendable {
    /// Answers a request on a server thread: it may read snapshots, and block for a bounded moment at most.
    public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    struct Route: Sendable {
        enum Segment: Sendable {
            case literal([UInt8])
            case parameter(String)
        }

        let method: String
        let segments: [Segment]
        let handler: Handler
    }

    enum Match {
        case route(Route, parameters: [(name: String, value: String)])
        /// The path exists, for other methods.
        case wrongMethod(allowed: [String])
        case notFound
        /// A segment is not percent-encoded UTF-8.
        case malformed
    }

    private var routes: [Route] = []

    public init() {}

    /// Adds a route.
    /// - Parameter pattern: `/recommendations/{user}`.
    public mutating func on(_ method: String, _ pattern: String, _ handler: @escaping Handler) {
        precondition(pattern.hasPrefix("/"), "a pattern begins with a slash: \(pattern)")
        let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { segment in
            segment.hasPrefix("{") && segment.hasSuffix("}")
                ? Route.Segment.parameter(String(segment.dropFirst().dropLast())) : .literal(Array(segment.utf8))
        }
        routes.append(Route(method: method, segments: segments, handler: handler))
    }

    func match(method: String, path: [UInt8]) -> Match {
        guard path.first == UInt8(ascii: "/") else { return .notFound }
        let wanted = method == "HEAD" ? "GET" : method
        var allowed: [String] = []
        for route in routes {
            guard let captured = capture(route.segments, path) else { continue }
            guard route.method == wanted else {
                allowed += route.method == "GET" ? ["GET", "HEAD"] : [route.method]
                continue
            }
            var parameters: [(name: String, value: String)] = []
            for (name, range) in captured {
                guard let value = percentDecoded(path[range]) else { return .malformed }
                parameters.append((name, value))
            }
            return .route(route, parameters: parameters)
        }
        return allowed.isEmpty ? .notFound : .wrongMethod(allowed: allowed)
    }

    /// The places of the parameters when the segments fit the path, one for one. The path is cut before it is decoded,
    /// so that `%2F` belongs to its segment.
    private func capture(_ segments: [Route.Segment], _ path: [UInt8]) -> [(String, Range<Int>)]? {
        var captured: [(String, Range<Int>)] = []
        var start = 1
        for (index, segment) in segments.enumerated() {
            let end = path[start...].firstIndex(of: UInt8(ascii: "/")) ?? path.count
            guard (end == path.count) == (index == segments.count - 1) else { return nil }
            switch segment {
            case .literal(let bytes): guard path[start..<end].elementsEqual(bytes) else { return nil }
            case .parameter(let name):
                guard start < end else { return nil }
                captured.append((name, start..<end))
            }
            start = end + 1
        }
        return captured
    }
}
