using System.Diagnostics;
using System.Globalization;
using Billing.LocalTools;
using Billing.Testbed;
using Npgsql;

namespace Billing.ServiceDefaults.Tests.Database;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
[Parallelizable(ParallelScope.Self)]
public sealed class LocalPostgresTests
{
    private string _folder = null!;
    private PostgresBinaries.Found _binaries = null!;

    private string Data => Path.Combine(_folder, "postgres");

    [SetUp]
    public void Make()
    {
        _folder = Directory.CreateTempSubdirectory("billing-local-postgres-").FullName;
        // Open to others, because PostgreSQL may run as another user.
        File.SetUnixFileMode(_folder, (UnixFileMode)0b111_101_101);
        _binaries = PostgresBinaries.Find(out var why) ?? throw new AssertionException(why);
    }

    [TearDown]
    public void Remove() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task It_answers_on_the_loopback_keeps_its_data_and_stops()
    {
        var said = new List<string>();
        await using (var first = await LocalPostgres.Prepare(_binaries, Data, "secret", said.Add)
            .Start(FreePort.Find(), default))
            await Do(first, "create table kept as select 42 as answer");
        said.ShouldHaveSingleItem().ShouldContain(Data);

        await using var second = await Prepare(said.Add).Start(FreePort.Find(), default);

        (await Ask(second, "select answer::text from kept")).ShouldBe("42");
        (await Ask(second, "show listen_addresses")).ShouldBe("127.0.0.1");
        (await Ask(second, "show fsync")).ShouldBe("on");
        (await Ask(second, "show data_checksums")).ShouldBe("on");
        (await Ask(second, "show unix_socket_directories")).ShouldBe("");
        (await Ask(second, "select datcollate from pg_database where datname = 'template0'")).ShouldBe("C");
        said.Count.ShouldBe(1);
    }

    [Test]
    public async Task A_wrong_password_is_refused()
    {
        await using var running = await Prepare().Start(FreePort.Find(), default);
        var wrong = new NpgsqlConnectionStringBuilder(running.ConnectionString) { Password = "guessed" };

        await Should.ThrowAsync<PostgresException>(() => Do(wrong.ConnectionString, "select 1"));
    }

    [Test]
    public async Task SIGTERM_stops_it_at_once_though_a_client_is_connected()
    {
        var (command, arguments) = Prepare().StartCommand(FreePort.Find());
        var port = PortOf(arguments);
        using var shell = Process.Start(command, arguments);
        await Eventually.Is(() => PostgresProbe.Answers(port, default));
        await using var client = new NpgsqlConnection(ConnectionString(port));
        await client.OpenAsync();

        await Signal("TERM", shell.Id);

        await shell.WaitForExitAsync(new CancellationTokenSource(Eventually.Patience).Token);
        shell.ExitCode.ShouldBe(0);
        File.Exists(Path.Combine(Data, "postmaster.pid")).ShouldBeFalse();
    }

    [Test]
    public async Task When_the_shell_around_it_is_killed_it_stops_by_itself()
    {
        var (command, arguments) = Prepare().StartCommand(FreePort.Find());
        var port = PortOf(arguments);
        using var shell = Process.Start(command, arguments);
        await Eventually.Is(() => PostgresProbe.Answers(port, default));

        await Signal("KILL", shell.Id);

        await Eventually.Is(() => !File.Exists(Path.Combine(Data, "postmaster.pid")));
    }

    [Test]
    public async Task A_directory_in_use_is_refused()
    {
        await using var running = await Prepare().Start(FreePort.Find(), default);

        Should.Throw<PreparationFailed>(() => Prepare()).Message
            .ShouldContain($"in use by a PostgreSQL server that runs already (process {Postmaster()})");
    }

    [Test]
    public async Task After_kill_9_it_starts_again_and_has_what_was_committed()
    {
        await using (var killed = await Prepare().Start(FreePort.Find(), default))
        {
            await Do(killed, "create table kept as select 42 as answer");
            var postmaster = Postmaster();
            await Signal("KILL", postmaster);
            await Eventually.Is(() => !Directory.Exists($"/proc/{postmaster}"));
        }

        await using var again = await Prepare().Start(FreePort.Find(), default);

        (await Ask(again, "select answer::text from kept")).ShouldBe("42");
    }

    [Test]
    public async Task A_mark_of_a_dead_server_whose_process_id_somebody_else_has_now_does_not_hinder()
    {
        Prepare();
        File.WriteAllText(
            Path.Combine(Data, "postmaster.pid"), $"{Environment.ProcessId}\n{Data}\n1\n1\n\n127.0.0.1\n");

        await using var running = await Prepare().Start(FreePort.Find(), default);

        (await Ask(running, "select 'up'")).ShouldBe("up");
    }

    [Test]
    public void A_directory_of_another_version_is_refused()
    {
        Prepare();
        File.WriteAllText(Path.Combine(Data, "PG_VERSION"), "9\n");

        Should.Throw<PreparationFailed>(() => Prepare()).Message.ShouldBe(
            $"The data directory {Data} was made by PostgreSQL 9, but PostgreSQL {_binaries.Version} was "
            + $"found ({_binaries.Source}): install version 9, or start afresh with ./billing reset.");
    }

    [Test]
    public void A_directory_with_something_else_in_it_is_refused()
    {
        Directory.CreateDirectory(Data);
        File.WriteAllText(Path.Combine(Data, "notes.txt"), "mine");

        Should.Throw<PreparationFailed>(() => Prepare()).Message.ShouldContain(
            "neither empty nor a PostgreSQL data directory");
        File.Exists(Path.Combine(Data, "notes.txt")).ShouldBeTrue();
    }

    [Test]
    public void A_place_that_cannot_be_written_is_one_sentence()
    {
        File.WriteAllText(Path.Combine(_folder, "file"), "");
        var inside = Path.Combine(_folder, "file", "postgres");

        Should.Throw<PreparationFailed>(
            () => LocalPostgres.Prepare(_binaries, inside, "secret", _ => { })).Message
            .ShouldStartWith($"PostgreSQL's data directory {inside} cannot be written:");
    }

    [TestCase("could not write to file \"base/1/2\": No space left on device", "The disk is full")]
    [TestCase("could not extend file \"base/1/2\": wrote only 4096 of 8192 bytes", "The disk is full")]
    [TestCase("invalid locale name", "invalid locale name")]
    public void What_initdb_says_is_one_sentence_and_nothing_is_left(string said, string sentence)
    {
        var broken = new PostgresBinaries.Found(
            FakeBinaries($"echo 'initdb: error: {said}' >&2; exit 1"), "15.1", "a test");

        var failed =
            Should.Throw<PreparationFailed>(() => LocalPostgres.Prepare(broken, Data, "secret", _ => { }));

        failed.Message.ShouldContain(sentence);
        failed.Message.ShouldNotContain("\n");
        Directory.GetFileSystemEntries(_folder, "postgres*").ShouldBe([$"{Data}.lock"]);
    }

    [Test]
    public void What_an_interrupted_run_left_behind_does_not_hinder()
    {
        Directory.CreateDirectory($"{Data}.unfinished/base");
        File.WriteAllText($"{Data}.unfinished/PG_VERSION", "15");

        Prepare();

        Directory.Exists($"{Data}.unfinished").ShouldBeFalse();
    }

    [Test]
    public void Two_that_prepare_at_once_make_one_directory()
    {
        var said = new List<string>();

        Parallel.For(0, 3, _ => Prepare(line => { lock (said) said.Add(line); }));

        said.Count.ShouldBe(1);
    }

    [Test]
    public async Task A_taken_port_is_one_sentence()
    {
        await using var first = await LocalPostgres.Throwaway(_binaries, default);

        (await Should.ThrowAsync<PreparationFailed>(() => Prepare().Start(first.Port, default))).Message
            .ShouldContain("Address already in use");
    }

    [Test]
    public async Task It_runs_as_another_user_where_namespaces_are_not_allowed()
    {
        if (!Environment.IsPrivilegedProcess) Assert.Ignore("only root can become another user");

        var others = PostgresUser.Candidates().Where(user => user.Owner is not null).ToList();
        var postgres = LocalPostgres.Prepare(
            _binaries, Data, "secret", _ => { }, durable: false,
            (binaries, place, isNew) => PostgresUser.Choose(binaries, place, isNew, others));

        await using var running = await postgres.Start(FreePort.Find(), default);

        (await Ask(running, "select 'up'")).ShouldBe("up");
    }

    [Test]
    public void Without_any_way_to_be_somebody_else_root_is_told_so()
    {
        if (!Environment.IsPrivilegedProcess) Assert.Ignore("only root is refused");

        Should.Throw<PreparationFailed>(() => PostgresUser.Choose(_binaries, Data, isNew: true, [])).Message
            .ShouldStartWith("PostgreSQL refuses to run as root");
    }

    // Not waiting for the disk each time; what a first start in earnest does is the first test's.
    private LocalPostgres Prepare(Action<string>? say = null) => LocalPostgres.Prepare(
        _binaries, Data, "secret", say ?? (_ => { }), durable: false, PostgresUser.Choose);

    private string FakeBinaries(string initdb)
    {
        var bin = Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName;
        foreach (var name in new[] { "initdb", "postgres", "pg_ctl" })
        {
            var script = name == "initdb" ? initdb : "exit 0";
            File.WriteAllText(Path.Combine(bin, name), $"#!/bin/sh\n{script}\n");
            File.SetUnixFileMode(Path.Combine(bin, name), (UnixFileMode)0b111_101_101);
        }

        return bin;
    }

    private int Postmaster() =>
        int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);

    private static int PortOf(string[] arguments) =>
        int.Parse(arguments.First(word => word.StartsWith("port="))[5..], CultureInfo.InvariantCulture);

    private static string ConnectionString(int port) =>
        $"Host=127.0.0.1;Port={port};Username=billing_admin;Password=secret;Database=postgres;Pooling=false";

    private static async Task Signal(string signal, int process)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process}"]);
        await kill.WaitForExitAsync();
    }

    private static Task Do(RunningPostgres postgres, string sql) => Do(postgres.ConnectionString, sql);

    private static async Task Do(string connectionString, string sql) => await Run(connectionString, sql);

    private static async Task<string> Ask(RunningPostgres postgres, string sql) =>
        (string)(await Run(postgres.ConnectionString, sql))!;

    private static async Task<object?> Run(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection($"{connectionString};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);

        return await command.ExecuteScalarAsync();
    }
}
