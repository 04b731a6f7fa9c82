using System.Diagnostics;
using System.Globalization;
using Billing.Contracts;
using Billing.LocalTools;
using Billing.PathHost;
using Billing.ServiceDefaults.UsagePath;
using Billing.Testbed;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;

namespace Billing.ServiceDefaults.Tests.UsagePath.Reading;

/// <summary>The whole path in a process of its own that is killed, stopped and started again.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CrashTests : IAsyncDisposable
{
    private static readonly int[] Lanes = [0, 1, 8];

    private TestDatabase _database = null!;
    private PathBroker _broker = null!;
    private Publisher _publisher = null!;
    private int _last;

    [SetUp]
    public async Task Make()
    {
        (_database, _broker, _last) = (await Books.Create(), await PathBroker.Start(BrokerKind.Embedded), 0);
        _publisher = new(_broker.Address);
    }

    public async ValueTask DisposeAsync()
    {
        _publisher.Dispose();
        await _broker.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Test]
    public async Task killed_at_any_step_it_does_everything_once()
    {
        foreach (var step in Enum.GetValues<Step>())
        {
            Publish(20);
            await using var dies =
                Host((Death.StepVariable, $"{step}"), (Death.PassVariable, $"{1 + (_last / 20 % 2)}"));
            await dies.Begins();
            // One batch after the other, for those that die at the second pass.
            await Eventually.Is(async () =>
            {
                if (await _database.Count() == _last * Lanes.Length) Publish(5);
                return dies.HasExited;
            });
            dies.ExitCode.ShouldBe(128 + 9, $"{step}: {dies.Said}");
        }

        await using var lives = Host();
        await ShouldBeWhole();
    }

    [Test]
    public async Task restarted_at_any_message_it_goes_on_with_the_next()
    {
        for (var restart = 0; restart < TestSize.Of(2, 20); restart++)
        {
            Publish(50);
            await using var host = Host();
            var target = (long)(_last - 25) * Lanes.Length;
            await Eventually.Is(async () => await _database.Count() >= target || host.HasExited);
            host.Kill();
        }

        await using var last = Host();
        await ShouldBeWhole();
    }

    [Test]
    public async Task a_process_that_was_stopped_and_comes_back_after_another_took_over_does_no_harm()
    {
        Publish(20);
        await using var zombie = Host();
        await Eventually.Is(async () => await _database.Count() == _last * Lanes.Length);
        zombie.Signal("STOP");
        try
        {
            Publish(100);
            await using var heir = Host();
            await Eventually.Is(async () => await _database.Count() > 40L * Lanes.Length);
        }
        finally
        {
            zombie.Signal("CONT");
        }

        // The zombie reads and publishes on, with what it had in memory, until it learns better.
        Publish(100);
        await using var next = Host();
        await ShouldBeWhole();
    }

    private void Publish(int more)
    {
        for (var number = _last + 1; number <= _last + more; number++)
            foreach (var lane in Lanes) _publisher.Fact(lane, number);
        _last += more;
        _publisher.Flush();
    }

    /// <summary>
    /// Each fact has one effect in its order, and one fact of ours, published with its number.
    /// </summary>
    private async Task ShouldBeWhole()
    {
        foreach (var lane in Lanes) _publisher.Tide(lane, _last);
        await Eventually.Is(async () => await _database.Count() >= _last * Lanes.Length,
            TimeSpan.FromMinutes(1));
        var expected = Enumerable.Range(1, _last).Select(number => (long)number).ToList();
        var numbers = await _database.Numbers();
        foreach (var lane in Lanes) numbers[lane].ShouldBe(expected);
        (await _database.Ask<long>(_database.Owner, "select count(*) from sent_facts"))
            .ShouldBe(_last * Lanes.Length);
        var published = new Dictionary<int, SortedSet<long>>();
        using var consumer = Ratings();
        await Eventually.Is(() =>
        {
            while (consumer.Consume(50) is { } message)
                if (message.Message.Headers.TryGetLastBytes(FactHeaders.Number, out var number))
                    Of(Number(message.Message.Headers.GetLastBytes(FactHeaders.Lane))).Add(Number(number));
            return Lanes.All(lane => Of(lane).Count == _last);
        });
        foreach (var lane in Lanes) Of(lane).ShouldBe(expected);

        SortedSet<long> Of(long lane) => published.TryGetValue((int)lane, out var set)
            ? set
            : published[(int)lane] = [];
    }

    private static long Number(byte[] header) =>
        long.Parse(System.Text.Encoding.UTF8.GetString(header), CultureInfo.InvariantCulture);

    private IConsumer<byte[], byte[]> Ratings()
    {
        var consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = _broker.Address,
            GroupId = Guid.NewGuid().ToString("N"),
        }).Build();
        consumer.Assign(Enumerable.Range(0, Topics.Partitions).Select(
            partition => new TopicPartitionOffset(Topics.Ratings, partition, Offset.Beginning)));
        return consumer;
    }

    private HostProcess Host(params (string Name, string Value)[] settings) =>
        HostProcess.Start(_database, _broker.Address, settings);
}

/// <summary>The program of tests/PathHost.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _said = [];
    private volatile bool _reads;

    private HostProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
    }

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public string Said
    {
        get
        {
            lock (_said) return string.Join('\n', _said.TakeLast(60));
        }
    }

    public static HostProcess Start(
        TestDatabase database, string broker, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(Programs.Path("tests/PathHost"))
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in database.Configuration.GetSection("ConnectionStrings").AsEnumerable(
            true))
            start.Environment[$"ConnectionStrings__{name}"] = value;
        foreach (var (name, value) in TestService.Settings())
            start.Environment[name.Replace(":", "__")] = value;
        start.Environment[$"ConnectionStrings__{Resources.Kafka}"] = broker;
        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{FreePort.Find()}";
        start.Environment["Relay__Lease"] = "00:00:02";
        // Nobody is waited for who will not come any more.
        start.Environment["Kafka__Group"] = Guid.NewGuid().ToString("N");
        foreach (var (name, value) in settings) start.Environment[name] = value;

        var host = new HostProcess(new Process { StartInfo = start });
        host._process.Start();
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        return host;
    }

    /// <summary>It reads, or has died already.</summary>
    public Task Begins() => Eventually.Is(() => HasExited || _reads, what: "it reads");

    public void Kill() => _process.Kill();

    public void Signal(string name)
    {
        using var kill = Process.Start("/bin/kill", ["-s", name, $"{_process.Id}"]);
        kill.WaitForExit();
        kill.ExitCode.ShouldBe(0);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is null) return;

        lock (_said) _said.Add(line);
        // Many lines may come at once, so that the last of them do not tell.
        if (line.Contains("Reads billing", StringComparison.Ordinal)) _reads = true;
    }
}
