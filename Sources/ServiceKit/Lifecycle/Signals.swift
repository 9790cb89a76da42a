internal import Foundation

/// The process's signals, for programs that shut down in order.
public enum Signals {
    /// Blocks SIGTERM and SIGINT and ignores SIGPIPE. To be called on the main thread before any other exists, since a
    /// thread inherits the mask of the one that makes it; from then on only ``ServiceGroup`` sees the two.
    ///
    /// Commands without a group must not call it: Ctrl-C would no longer end them.
    public static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        block([SIGTERM, SIGINT, wakeUp])
    }

    /// Lets SIGINT and SIGTERM end the process, as they do where nobody has said otherwise.
    public static func endByDefault() {
        for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
        endFirstProcess()
    }

    /// The same for the first process of a container alone: the kernel drops its signals unless somebody catches them.
    static func endFirstProcess() {
        guard getpid() == 1 else { return }
        for number in [SIGINT, SIGTERM] { signal(number, endProcess) }
    }

    /// What the group sends to its own waiting thread when a service has ended.
    static let wakeUp = SIGUSR1

    static func set(_ signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in signals { sigaddset(&set, signal) }
        return set
    }

    static func block(_ signals: [Int32]) {
        var set = set(signals)
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    static func name(_ signal: Int32) -> String {
        switch signal {
        case SIGTERM: "SIGTERM"
        case SIGINT: "SIGINT"
        default: "signal \(signal)"
        }
    }
}

/// A file-scope constant, since C calls it.
private let endProcess: @convention(c) (Int32) -> Void = { _exit(128 + $0) }
