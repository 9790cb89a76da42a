import HTTPAPI
import ServiceKit

/// The HTTP port of `serve`: health, readiness, metrics, and lookups by id.
final class HTTPService: Service {
    let name = "http"
    private let address: ListenAddress
    private let board: ServeBoard
    private let stop = StopRequest()
    private let logger = Logger(label: "freshet.http")

    /// - Throws: when the text is no address.
    init(_ text: String, _ board: ServeBoard) throws {
        do throws(HTTPServerError) { address = try ListenAddress(text) } catch {
            throw UsageError("--http: \(error.message)")
        }
        self.board = board
    }

    func beginShutdown() { stop.request() }

    func run() throws {
        var limits = HTTPLimits()
        // Lookups wait for the worker, and hold up what else comes by their threads: for a moment, once in a round
        // (`Mailbox.ask`).
        limits.threads = 4
        do throws(HTTPServerError) {
            let server = try HTTPServer(listen: address, router: board.router(), limits: limits)
            logger.info("listening on http://\(server.address)")
            while !stop.wait(for: .seconds(3600)) {}
            server.stop(deadlineMilliseconds: 2_000)
        } catch {
            throw CommandFailure(error.message, remedy: "give another --http HOST:PORT", exitCode: 78)
        }
    }
}
