import HTTPAPI
import ServiceKit

/// The HTTP port of `serve`: health, readiness, metrics, and lookups by id.
final class HTTPService: Service {
    let name = "http"
    private let server: HTTPServer
    private let stop = Latch()
    private let logger = Logger(label: "freshet.http")

    /// Listens from now on: where that cannot be, nothing else must have begun.
    /// - Parameter source: what gave the address: a flag or a setting.
    /// - Throws: when the text is no address, or the port is taken.
    init(_ text: String, of source: String, _ board: ServeBoard) throws {
        let address: ListenAddress
        do throws(HTTPServerError) { address = try ListenAddress(text) } catch {
            guard source.hasPrefix("--") else { throw CommandFailure("\(source): \(error.message)", exitCode: 78) }
            throw UsageError("\(source): \(error.message)")
        }
        var limits = HTTPLimits()
        // Lookups wait for the worker, and hold up what else comes by their threads: for a moment, once in a round
        // (`Mailbox.ask`).
        limits.threads = 4
        do throws(HTTPServerError) {
            server = try HTTPServer(listen: address, router: board.router(), limits: limits)
        } catch {
            throw CommandFailure(error.message, remedy: "give another HOST:PORT as \(source)", exitCode: 78)
        }
        logger.info("listening on http://\(server.address)")
    }

    func beginShutdown() { stop.set() }

    func run() throws {
        while !stop.wait(for: .seconds(3600)) {}
        server.stop(deadlineMilliseconds: 2_000)
    }
}
