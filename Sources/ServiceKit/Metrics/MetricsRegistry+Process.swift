internal import Foundation

extension MetricsRegistry {
    /// Adds the process's own metrics under the names that Prometheus' client libraries share.
    public func addProcessMetrics() {
        computed(counter: "process_cpu_seconds_total", help: "User and system CPU time spent, without child processes.")
        {
            var usage = rusage()
            getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
            let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
            return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
        }
        computed(gauge: "process_resident_memory_bytes", help: "Resident memory.") {
            guard let bytes = FileManager.default.contents(atPath: "/proc/self/statm") else { return 0 }
            let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
            return fields.count > 1 ? (Double(fields[1]) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) : 0
        }
        computed(gauge: "process_open_fds", help: "Open file descriptors.") {
            Double((try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0)
        }
        let start = Date().timeIntervalSince1970
        computed(gauge: "process_start_time_seconds", help: "Start of the process, in seconds since 1970.") { start }
    }
}
