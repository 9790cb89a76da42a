extension Router {
    /// The service's routes: operation, and lookups by id.
    /// - Parameters:
    ///   - health: `nil` while the process can go on, else what is wrong; an orchestrator restarts it then.
    ///   - metrics: Prometheus' text format.
    public static func standard(
        snapshots: Snapshots, readiness: @escaping @Sendable () -> Readiness,
        health: @escaping @Sendable () -> String? = { nil }, metrics: @escaping @Sendable () -> [UInt8]
    ) -> Router {
        var router = Router()
        router.on("GET", "/health") { _ in
            guard let problem = health() else { return .json(["status": "ok"]) }
            return .json(status: 503, ["status": "failing", "detail": problem])
        }
        router.on("GET", "/ready") { _ in
            switch readiness() {
            case .ready: .json(["status": "ready"])
            case .notReady(let reason, let detail):
                .json(status: 503, ["status": "not_ready", "reason": reason, "detail": detail])
            }
        }
        router.on("GET", "/metrics") { _ in
            HTTPResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", body: metrics())
        }
        router.lookup(
            "/recommendations/{user}", "user", of: "list", advice: "; /popular is for strangers",
            snapshots.recommendations)
        router.on("GET", "/popular") { _ in
            do throws(SnapshotUnavailable) { return .json(try snapshots.popular()) } catch {
                return .unavailable(error)
            }
        }
        router.lookup("/related/{item}", "item", of: "related items", snapshots.related)
        router.lookup("/features/users/{user}", "user", of: "features", snapshots.userFeatures)
        router.lookup("/features/items/{item}", "item", of: "features", snapshots.itemFeatures)
        return router
    }

    private mutating func lookup(
        _ pattern: String, _ parameter: String, of what: String, advice: String = "", _ read: @escaping Snapshots.Read
    ) {
        on("GET", pattern) { request in
            let id = request.parameter(parameter)
            do throws(SnapshotUnavailable) {
                guard let body = try read(id) else {
                    return .error(404, "not_found", "no \(what) for \(parameter) '\(id)' on this instance\(advice)")
                }
                return .json(body)
            } catch {
                return .unavailable(error)
            }
        }
    }
}

extension HTTPResponse {
    fileprivate static func unavailable(_ error: SnapshotUnavailable) -> HTTPResponse {
        var response = HTTPResponse.error(503, "unavailable", error.detail)
        response.headers.append(("Retry-After", "1"))
        return response
    }
}
