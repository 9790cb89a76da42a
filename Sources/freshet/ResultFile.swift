import Foundation
import ServiceKit

/// A file that a command writes at its end.
enum ResultFile {
    /// Refuses a path that cannot be written, before what is to be written has cost minutes.
    static func check(_ path: String?) throws {
        guard let path else { return }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandFailure("cannot write '\(path)': there is no folder \(folder)", exitCode: 73)
        }
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            guard !isFolder.boolValue else {
                throw CommandFailure("cannot write '\(path)': it is a folder", exitCode: 73)
            }
            guard FileManager.default.isWritableFile(atPath: path) else {
                throw CommandFailure("cannot write '\(path)': this user may not change it", exitCode: 73)
            }
        } else if !FileManager.default.isWritableFile(atPath: folder) {
            throw CommandFailure("cannot write '\(path)': this user may not write in \(folder)", exitCode: 73)
        }
    }

    static func write(_ text: String, to path: String) throws {
        try check(path)
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw CommandFailure("cannot write '\(path)': \(error.localizedDescription)", exitCode: 73)
        }
    }
}
