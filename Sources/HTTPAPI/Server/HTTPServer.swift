internal import CMicroHTTPD
internal import Foundation
internal import ServiceKit
internal import Synchronization

/// A small HTTP/1.1 server on libmicrohttpd, with threads of its own.
///
/// SIGPIPE must be ignored by the process. Handlers run on server threads.
public final class HTTPServer: Sendable {
    /// The running daemon. Unchecked: libmicrohttpd's functions used here may be called from any thread.
    private struct Daemon: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// The address that is listened on; its port is the one that the kernel gave.
    public let address: ListenAddress
    private let core: ServerCore
    private let daemon: Mutex<Daemon?>
    private let ticker: Ticker

    /// Begins to listen and to answer.
    /// - Throws: ``HTTPServerError``.
    public init(
        listen address: ListenAddress, router: Router, limits: HTTPLimits = HTTPLimits()
    ) throws(HTTPServerError) {
        let (descriptor, port) = try address.bindSocket()
        let core = ServerCore(router: router, limits: limits)
        guard let started = Self.start(core, listening: descriptor) else {
            close(descriptor)
            throw HTTPServerError(code: .start, message: "the HTTP server cannot start on \(address)")
        }
        self.address = ListenAddress(host: address.host, port: port)
        self.core = core
        daemon = Mutex(Daemon(pointer: started))
        let interval = Duration.milliseconds(max(20, min(1_000, limits.requestMillisecondsMax / 8)))
        ticker = Ticker(interval: interval) { core.connections.cutOverdue(at: monotonicNanoseconds()) }
    }

    deinit { stop(deadlineMilliseconds: 0) }

    /// Open connections.
    public var connectionCount: Int { core.connections.count }

    /// Stops listening, answers what has been asked (each reply tells its client that the connection ends), then closes
    /// everything. Blocks until then, for little more than the deadline at most.
    public func stop(deadlineMilliseconds: Int = 5_000) {
        let taken = daemon.withLock { daemon in
            defer { daemon = nil }
            return daemon
        }
        guard let daemon = taken?.pointer else { return }
        core.isDraining.store(true, ordering: .releasing)
        let listening = MHD_quiesce_daemon(daemon)
        if listening >= 0 { close(listening) }
        let deadline = monotonicNanoseconds() + UInt64(deadlineMilliseconds) * 1_000_000
        while monotonicNanoseconds() < deadline, !isQuiet { usleep(2_000) }
        MHD_stop_daemon(daemon)
        ticker.stop()
    }

    /// Nothing is being answered, and nothing has been for a while: requests that were on their way have come in.
    private var isQuiet: Bool {
        let quietNanoseconds: UInt64 = 50_000_000
        return core.connections.count == 0
            || core.inFlight.load(ordering: .acquiring) == 0
                && core.lastActivity.load(ordering: .relaxed) + quietNanoseconds < monotonicNanoseconds()
    }

    private static func start(_ core: ServerCore, listening descriptor: Int32) -> OpaquePointer? {
        let limits = core.limits
        // Not retained: the daemon's threads have ended before the core goes.
        let context = Unmanaged.passUnretained(core).toOpaque()
        func option(_ option: MHD_OPTION, _ value: Int, _ pointer: UnsafeMutableRawPointer? = nil) -> MHD_OptionItem {
            MHD_OptionItem(option: option, value: value, ptr_value: pointer)
        }
        var options = [
            option(.LISTEN_SOCKET, Int(descriptor)),
            option(.CONNECTION_LIMIT, limits.connectionsMax),
            option(.PER_IP_CONNECTION_LIMIT, limits.connectionsOfAddressMax),
            option(.CONNECTION_TIMEOUT, limits.idleSecondsMax),
            option(.CONNECTION_MEMORY_LIMIT, limits.headBytesMax),
            option(.STRICT_FOR_CLIENT, 1),
            option(.NOTIFY_COMPLETED, unsafeBitCast(completedCallback, to: Int.self), context),
            option(.NOTIFY_CONNECTION, unsafeBitCast(connectionCallback, to: Int.self), context),
            option(.URI_LOG_CALLBACK, unsafeBitCast(lineCallback, to: Int.self), context),
            option(.UNESCAPE_CALLBACK, unsafeBitCast(unescapeCallback, to: Int.self), context),
        ]
        if limits.threads > 1 { options.append(option(.THREAD_POOL_SIZE, limits.threads)) }
        options.append(option(.END, 0))
        let flags = MHD_USE_EPOLL.rawValue | MHD_USE_INTERNAL_POLLING_THREAD.rawValue | MHD_USE_ITC.rawValue
        return options.withUnsafeMutableBufferPointer { items in
            withVaList([MHD_OPTION.ARRAY.rawValue, items.baseAddress!, MHD_OPTION.END.rawValue]) { list in
                MHD_start_daemon_va(flags, 0, nil, nil, accessCallback, context, list)
            }
        }
    }
}
