import Foundation
import ServiceKit
import Testing

@testable import freshet

/// The program as a shell sees it, with no broker.
@Suite(.enabled(if: Program.isBuilt, "the program is not built beside the tests"))
struct CommandLineTests {
    /// Runs a line of the shell in which `freshet` is the program.
    private func shell(_ line: String, environment: [String: String] = [:]) throws -> (code: Int32, errors: String) {
        let process = Process()
        let errors = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", "set -o pipefail; freshet() { '\(Program.path)' \"$@\"; }; \(line)"]
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        // A thread of the tests has most signals blocked, which what it starts would inherit; nobody's shell has.
        var (none, before) = (sigset_t(), sigset_t())
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    @Test(arguments: ["config", "--help", "--version", "data simulate --events 5"])
    func aResultThatIsLostIsNoSuccess(command: String) throws {
        let full = try shell("freshet \(command) > /dev/full")
        #expect(full.code == 74 && full.errors.contains("standard output"), "\(full)")
        #expect(try shell("freshet \(command)").code == 0)
    }

    @Test func aReaderWhoHasEnoughIsNoError() throws {
        let line = "freshet config | head -1; exit ${PIPESTATUS[1]}"
        let piped = try shell(line)
        #expect(piped.code == 0 && piped.errors.isEmpty, "\(piped)")
    }

    /// Where whoever started the program ignores SIGPIPE, as systemd does, nothing else ends it.
    @Test(arguments: ["config", "data simulate --events 20000", "demo --events 1000 --seconds 1 --follow"])
    func aReaderWhoHasEnoughEndsIt(command: String) throws {
        let line = "trap '' PIPE; timeout 60 '\(Program.path)' \(command) | head -1; exit ${PIPESTATUS[0]}"
        let piped = try shell(line)
        #expect(piped.code == 0 && piped.errors.isEmpty, "\(piped)")
    }

    /// The port of the settings, where no flag names another; and a program that nobody can be told about ends all the same.
    @Test func theFlagGoesOverTheSettingsPort() throws {
        let environment = ["KAFKA_BOOTSTRAP": "127.0.0.1:1", "FRESHET_SERVER_HTTP": "192.0.2.1:80"]
        let program = Program(environment: environment)
        let setting = try program.run(["serve"], seconds: 30)
        #expect(setting.status == 78 && setting.log.contains("give another HOST:PORT as server.http"), "\(setting)")
        let flag = try program.run(["serve", "--http", "nonsense"], seconds: 30)
        #expect(flag.status == 64 && flag.log.contains("--http: "), "\(flag)")
        let word = try Program(environment: environment.merging(["FRESHET_SERVER_HTTP": "nonsense"]) { $1 })
            .run(["serve"], seconds: 30)
        #expect(word.status == 78 && word.log.contains("server.http: "), "\(word)")
    }

    /// Nobody reads standard error, and the pipe is full: neither the work nor the end waits for it.
    @Test func aLogThatNobodyReadsHoldsUpNothing() throws {
        let ended = try shell(
            """
            mkfifo_dir=$(mktemp -d); mkfifo $mkfifo_dir/log; sleep 60 <$mkfifo_dir/log & reader=$!
            KAFKA_BOOTSTRAP=127.0.0.1:1 timeout 40 '\(Program.path)' serve --set kafka.debug=all --stop-at-end \
                2>$mkfifo_dir/log & program=$!
            sleep 6; kill -TERM $program; wait $program; code=$?
            kill $reader; rm -r $mkfifo_dir; exit $code
            """)
        #expect(ended.code == 128 + SIGTERM, "\(ended)")
    }

    @Test func theHelpListsTheExitCodes() {
        let help = Freshet.command.help(path: ["freshet"])
        #expect(help.contains("EXIT CODES:\n") && help.contains("  75  "), "\(help)")
    }

    /// Whoever reads the log of a service as JSON finds the failure there, once, and nothing else.
    @Test(arguments: [["--http", "192.0.2.1:80"], ["--set", "kafka.linger=1"]])
    func aFailureIsALineOfTheLog(arguments: [String]) throws {
        let program = Program(environment: ["KAFKA_BOOTSTRAP": "127.0.0.1:1", "FRESHET_LOGGING_FORMAT": "json"])
        let outcome = try program.run(["serve"] + arguments, seconds: 30)
        let lines = outcome.log.split(separator: "\n")
        for line in lines {
            #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) is [String: Any], "\(line)")
        }
        #expect(outcome.status == 78)
        #expect(lines.count { $0.contains("cannot listen on") || $0.contains("\\\"linger\\\"") } == 1, "\(outcome.log)")
    }

    /// A name that is mistyped could leave the command at another deployment's state.
    @Test(arguments: [["reset", "--yes"], ["replay"]])
    func aMistypedNameIsNotPassedOver(arguments: [String]) throws {
        let program = Program(
            environment: ["KAFKA_BOOTSTRAP": "127.0.0.1:1", "FRESHET_APPLICATON_ID": "staging"])
        let outcome = try program.run(arguments, seconds: 10)
        let message = "FRESHET_APPLICATON_ID is no setting; did you mean FRESHET_APPLICATION_ID?"
        #expect(outcome.status == 78 && outcome.log.contains("Error: \(message)"), "\(outcome)")
        #expect(outcome.log.contains("level=warning") && outcome.log.contains("message=\"\(message)\""))
    }

    /// The kernel drops the signals of a container's first process unless it catches them.
    @Test func theFirstProcessOfAContainerCanBeEnded() throws {
        let ended = try shell(
            """
            unshare -rfp true 2>/dev/null || exit 99
            exec 3< <(exec sleep 20 2>/dev/null)
            unshare -rfp '\(Program.path)' data stats - <&3 & child=$!
            while [ -d /proc/$child ]; do kill -TERM $(cat /proc/$child/task/$child/children); sleep 0.1; done 2>/dev/null
            wait $child
            """)
        guard ended.code != 99 else { return print("left out: no namespace of processes can be made here") }
        #expect(ended.code == 128 + SIGTERM, "\(ended)")
    }

    /// What was not worked up to its end has no summary.
    @Test func anInterruptedRunToTheEndIsNoSuccess() throws {
        let program = Program(environment: ["KAFKA_BOOTSTRAP": "127.0.0.1:1"])
        let service = try program.start(["serve", "--stop-at-end"])
        let deadline = Date(timeIntervalSinceNow: 20)
        while !service.log.contains("cannot begin yet"), Date() < deadline { Thread.sleep(forTimeInterval: 0.05) }
        let began = ContinuousClock.now
        service.interrupt()
        let outcome = try service.wait(seconds: 10)
        #expect(outcome.status == 128 + SIGTERM && outcome.output.isEmpty, "\(outcome)")
        #expect(began.duration(to: .now) < .seconds(5))
    }

    /// A shell that is set up for a Kafka with TLS shows the demo all the same.
    @Test func theDemoTakesNoSettingsOfAnotherBroker() throws {
        let environment = ["FRESHET_KAFKA_SECURITY_PROTOCOL": "ssl", "FRESHET_KAFKA_SERVICE_HOST": "10.0.0.1"]
        let demo = try Program(environment: environment).run(
            ["demo", "--events", "1000", "--seconds", "1", "--svg", "/dev/null"], seconds: 60)
        #expect(demo.status == 0 && demo.output.contains("identical"), "\(demo.log)")
        let folder = try Program(environment: [:]).run(["demo", "--svg", "/none/x.svg"], seconds: 5)
        #expect(folder.status == 73)
    }

    @Test func optionsThatWouldBeIgnoredAreRefused() throws {
        for line in [
            "evaluate offline --data F --train T", "evaluate offline --train T",
            "evaluate offline --train T --test T --split time=0.5", "evaluate prequential F --against /tmp",
            "evaluate prequential F --model als --model knn",
        ] { #expect(try shell("freshet \(line)").code == 64, "\(line)") }
    }

    /// The name of a model is one, whatever lies about in the folder.
    @Test func aModelsNameComesBeforeAFile() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(
            at: folder.appending(path: "popularity"), withIntermediateDirectories: true)
        let run = try shell(
            "cd '\(folder.path)' && freshet data simulate --users 30 --items 40 --events 300 --output e.jsonl && "
                + "freshet evaluate prequential e.jsonl --set train=0 --against popularity")
        #expect(run.code == 0, "\(run)")
        let nothing = try shell(
            "cd '\(folder.path)' && head -1 e.jsonl > f.jsonl && "
                + "freshet evaluate prequential f.jsonl")
        #expect(nothing.code == 65 && nothing.errors.contains("nothing is scored"), "\(nothing)")
    }
}
