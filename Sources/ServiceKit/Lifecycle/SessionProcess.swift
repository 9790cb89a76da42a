internal import Foundation

/// This program once more, as a child in a session of its own, for work that must not disturb what this process does.
///
/// A session is what Linux shares the processor out by (`sched_autogroup`, see sched(7)): between sessions neither niceness
/// nor `SCHED_IDLE` of a thread count, so a thread that computes for long holds up another program's threads by several
/// milliseconds each time that they wake, however low its priority. ``ThreadPriority/yieldSession()``, called by the
/// child, puts its whole session behind all others.
///
/// The child has a socket to this process for standard input, writes to this one's standard error, and is to end when the
/// socket closes: also when this process was killed.
public final class SessionProcess: Sendable {
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
        // A service blocks the signals that end it, and its children would too.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Self.newSession)
        var words = (["freshet"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, &words, environ)
        guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EIO) }
        identifier = pid
    }

    /// `POSIX_SPAWN_SETSID`, which Glibc's headers give to GNU sources only.
    private static let newSession: Int16 = 0x80

    /// Ends it at once.
    public func kill() { Glibc.kill(identifier, SIGKILL) }

    /// Waits for its end, and says how that was; to be called once.
    public func wait() -> String {
        var status: Int32 = 0
        while waitpid(identifier, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return signal == 0 ? "exit code \(status >> 8 & 0xFF)" : "signal \(signal)"
    }

    /// For the child, before it does anything else: the socket to its parent, behind all other sessions, and without the
    /// files and connections of the parent. Nil where this is no such child, but somebody's shell has started it.
    public static func attach() -> MessageSocket? {
        guard getsid(0) == getpid() else { return nil }
        ThreadPriority.yieldSession()
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for number in open.compactMap({ Int32($0) }) where number > STDERR_FILENO { close(number) }
        return MessageSocket(descriptor: STDIN_FILENO)
    }
}
