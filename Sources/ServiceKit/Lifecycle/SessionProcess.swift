internal import Foundation

/// This program once more, as a child in a session of its own, for work that must not disturb what this process does.
///
/// Outside containers and units with a share of their own, Linux shares the processor out by sessions (autogroups, see
/// sched(7)). Between sessions neither niceness nor `SCHED_IDLE` of a thread count, so a thread that computes for long holds
/// up another program's threads by several milliseconds each time that they wake, however low its priority. A child puts
/// its whole session behind all others, and is the first to go where memory runs out. Within a container the priority of its
/// threads counts, which it lowers as well.
///
/// The child has a socket to this process for standard input, writes to this one's standard error, leaves signals that ask
/// it to end to this one, and is to end when the socket closes: also when this process was killed.
public final class SessionProcess: Sendable {
    /// This process's end of the connection, which closes when nobody holds it any more.
    public let socket: MessageSocket
    private let identifier: pid_t

    /// Starts this program's own file with these arguments.
    public init(_ arguments: [String]) throws {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
        socket = MessageSocket(descriptor: ends[0])
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
        posix_spawnattr_setflags(&attributes, Self.newSession)
        var words = (["freshet"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &words, environ)
        guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EIO) }
        identifier = pid
    }

    /// `POSIX_SPAWN_SETSID`, which Glibc's headers give to GNU sources only.
    private static let newSession: Int16 = 0x80

    /// Sees to it that it ends, and says how it did; to be called once.
    /// - Parameter patience: how long it may take to end by itself.
    public func end(patience: Duration = .zero) -> String {
        var status: Int32 = 0
        let clock = ContinuousClock()
        let deadline = clock.now + patience
        var ended = waitpid(identifier, &status, WNOHANG)
        while ended == 0, clock.now < deadline {
            usleep(10_000)
            ended = waitpid(identifier, &status, WNOHANG)
        }
        if ended == 0 {
            Glibc.kill(identifier, SIGKILL)
            while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
        }
        let signal = status & 0x7F
        return signal == 0 ? "exit code \(status >> 8 & 0xFF)" : "signal \(signal)"
    }

    /// For the child, before it does anything else: the socket to its parent. Gives up the parent's files and connections, and
    /// its own claim to processor and memory. Nil where this is no such child, but somebody has started it by hand.
    public static func attach() -> MessageSocket? {
        var family: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsid(0) == getpid(), getsockopt(STDIN_FILENO, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0,
            family == AF_UNIX
        else { return nil }
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for number in open.compactMap({ Int32($0) }) where number > STDERR_FILENO { close(number) }
        ThreadPriority.yieldToOthers()
        // Neither file need be there.
        write("19", to: "/proc/self/autogroup")
        write("1000", to: "/proc/self/oom_score_adj")
        return MessageSocket(descriptor: STDIN_FILENO)
    }

    /// Linux takes the value of an autogroup only once in 100 ms, whoever writes it.
    private static func write(_ text: String, to path: String) {
        for _ in 0..<5 {
            let file = Glibc.open(path, O_WRONLY)
            guard file >= 0 else { return }
            defer { close(file) }
            let count = text.utf8.withContiguousStorageIfAvailable { Glibc.write(file, $0.baseAddress, $0.count) }
            guard let count, count < 0, errno == EAGAIN else { return }
            usleep(110_000)
        }
    }
}
