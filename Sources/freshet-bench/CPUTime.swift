import Foundation

/// CPU seconds, which other processes on the machine do not lengthen.
enum CPUTime {
    /// Of all threads of this process.
    static var process: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }
    /// Of the calling thread.
    static var thread: Double { seconds(CLOCK_THREAD_CPUTIME_ID) }

    private static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// The memory that this process has, in bytes.
    static var residentBytes: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// How much smaller a workload is, for a profiler: the environment's FRESHET_BENCH_SHRINK, 1 by default.
    static let shrink = max(1, Int(ProcessInfo.processInfo.environment["FRESHET_BENCH_SHRINK"] ?? "") ?? 1)
}
