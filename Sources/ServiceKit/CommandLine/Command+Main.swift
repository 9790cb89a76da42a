internal import Foundation

extension Command {
    /// Reads the process's arguments, runs the command that they name, and returns the exit code: the whole of `main`.
    ///
    /// Help and version go to standard output. Errors go to standard error, and end with 64 for wrong usage, the
    /// error's own code (``ExitCoding``), or 70. Results that standard output did not take end with 74.
    public func main(_ arguments: [String] = CommandLine.arguments) -> Int32 {
        Signals.endFirstProcess()
        // Behind what was logged before, and no wait for a reader that has gone to sleep: the process is to end.
        let errors = { (text: String) in
            LineOutput.standardError.setStatus("")
            LogSink.shared.write(text: text)
        }
        defer { LogSink.shared.drain() }
        let code = main(
            arguments, output: { LineOutput.standardOutput.write(bytes: Array($0.utf8)) }, errors: errors)
        let flushed = StandardOutput.finish()
        guard let failure = flushed ?? LineOutput.standardOutput.failure.map({ String(cString: strerror($0)) }) else {
            return code
        }
        report("standard output cannot be written: \(failure)", to: errors)
        return code == 0 ? 74 : code
    }

    func main(_ arguments: [String], output: (String) -> Void, errors: (String) -> Void) -> Int32 {
        do {
            switch try parse(Array(arguments.dropFirst())) {
            case .help(let command, let path):
                output(command.help(path: path))
                return 0
            case .version(let version):
                output(version + "\n")
                return 0
            case .run(let command, let parsed):
                guard let run = command.run else { preconditionFailure("\(command.name) cannot run") }
                do {
                    return try run(parsed)
                } catch var error as UsageError {
                    if error.path.isEmpty { error.path = parsed.path }
                    throw error
                }
            }
        } catch let error as UsageError {
            report("\(error.message)\nSee '\(error.path.joined(separator: " ")) --help'.", to: errors)
            return error.exitCode
        } catch is ReaderGone {
            return 0
        } catch let error as ServiceFailure where LogSink.shared.format == .json {
            // Its group has logged it.
            return error.exitCode
        } catch {
            report("\(error)", to: errors)
            return (error as? any ExitCoding)?.exitCode ?? 70
        }
    }

    /// Where log lines are JSON, whoever reads them gets nothing else.
    private func report(_ error: String, to errors: (String) -> Void) {
        if LogSink.shared.format == .json {
            Logger(label: name).critical("\(error)")
        } else {
            errors("Error: \(error)\n")
        }
    }
}

/// Writes all bytes, by as few write(2) as the kernel takes.
/// - Returns: `errno` where it has given up: `EPIPE` where the reader is gone.
public func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    bytes.withUnsafeBytes { buffer in
        var offset = 0
        while offset < buffer.count {
            let written = write(descriptor, buffer.baseAddress! + offset, buffer.count - offset)
            if written > 0 {
                offset += written
            } else if errno == EAGAIN {
                // Standard error may be a pipe that another process made non-blocking: wait, lest a line is lost.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, 1_000)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}
