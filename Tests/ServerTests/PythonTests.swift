import Foundation
import TestSupport
import Testing

@testable import Server

/// The Python code generated from the contract, against the server generated from it.
@Suite struct PythonTests {
    private static let python = ["/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(.enabled(if: PythonTests.python != nil, "there is no python3 on this machine"))
    func `a Python client sends and receives what the contract declares`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "python-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let tools = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        let generated = await Self.run(
            tools.appending(path: "contract-gen"),
            [
                "generate", "openapi/openapi.yaml", "--root", ".", "--python",
                folder.appending(path: "contract.py").path,
            ],
            in: package
        )
        #expect(generated == "")
        try Data(Self.script.utf8).write(to: folder.appending(path: "script.py"))
        try await RunningServer.with { server in
            try await server.waitUntilReady()
            let address = "http://127.0.0.1:\(server.api.port)"
            let python = URL(fileURLWithPath: Self.python ?? "")
            let output = await Self.run(python, ["script.py", address, RunningServer.token], in: folder)
            #expect(
                output == """
                    accepted
                    b1 RuntimeMode.LIVE 2026-03-01 09:30:00.123456+00:00
                    CommandStatus.PENDING {'reason': 'test'}
                    CommandType.FLATTEN
                    422 VALIDATION_FAILED /bot_id
                    401 UNAUTHORIZED

                    """
            )
        }
    }

    private static let script = """
        import datetime, decimal, json, sys, urllib.request, urllib.error, uuid
        import contract

        def transport(method, path, headers, body, token=sys.argv[2]):
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(sys.argv[1] + path, data=data, method=method, headers=dict(headers))
            if data: request.add_header("Content-Type", "application/json")
            if token: request.add_header("X-Admin-Token", token)
            try:
                with urllib.request.urlopen(request) as answer:
                    return contract.Response(answer.status, json.loads(answer.read() or b"null", parse_float=decimal.Decimal))
            except urllib.error.HTTPError as error:
                return contract.Response(error.code, json.loads(error.read()))

        client = contract.Client(transport)
        zone = datetime.timezone(datetime.timedelta(hours=1))
        time = datetime.datetime(2026, 3, 1, 10, 30, 0, 123456, zone)
        beat = contract.Heartbeat(instance_id="i1", bot_id="b1", runtime_mode=contract.RuntimeMode.LIVE, exchange="kraken",
                                  symbol="ETHEUR", version="1", timestamp=time)
        print(client.post_heartbeat(beat).status.value)
        bot = client.list_bots(page=1).items[0]
        print(bot.bot_id, bot.runtime_mode, bot.last_seen)
        now = datetime.datetime.now(datetime.timezone.utc)
        command = client.create_command(contract.CommandRequest(
            command_id=uuid.uuid4(), instance_id="i1", command_type=contract.CommandType.FLATTEN, issued_at=now,
            expires_at=now + datetime.timedelta(hours=1), payload={"reason": "test"}))
        print(command.status, command.payload)
        print(client.list_pending_commands("i1")[0].command_type)
        try:
            beat.bot_id = ""
            client.post_heartbeat(beat)
        except contract.Problem as problem:
            print(problem.status, problem.code, problem.errors[0]["pointer"])
        try:
            contract.Client(lambda *call: transport(*call, token=None)).list_bots()
        except contract.Problem as problem:
            print(problem.status, problem.code)

        """

    /// The program's output, including errors.
    private static func run(_ program: URL, _ arguments: [String], in folder: URL) async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let process = Process()
                let output = Pipe()
                process.executableURL = program
                process.arguments = arguments
                process.currentDirectoryURL = folder
                process.standardOutput = output
                process.standardError = output
                do {
                    try process.run()
                    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                    process.waitUntilExit()
                    continuation.resume(returning: text)
                } catch {
                    continuation.resume(returning: "\(error)")
                }
            }
        }
    }
}
