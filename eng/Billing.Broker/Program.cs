using System.Runtime.InteropServices;
using Billing.Broker;
using Billing.Contracts;

// Until SIGTERM or Ctrl-C. The handlers come first, so that a stop during start is a clean one as well.
using var stopped = new ManualResetEventSlim();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

return Arguments.Parse(args) switch
{
    Arguments.Run run => Run(run.AddressFile),
    Arguments.Help => Say(Console.Out, Arguments.Usage, exitCode: 0),
    Arguments.Wrong wrong => Say(Console.Error, $"Billing.Broker: {wrong.Sentence} Try --help.", exitCode: 2),
    _ => throw new System.Diagnostics.UnreachableException(),
};

int Run(string addressFile)
{
    try
    {
        using var cluster = MockCluster.Start();
        foreach (var topic in Topics.All)
        {
            cluster.Create(topic.Name, topic.Partitions);
            cluster.Create(Topics.Dlq(topic.Name), partitions: 1);
        }

        cluster.Create(EmbeddedBrokerStart.TopicOf(Guid.NewGuid()), partitions: 1);
        using var address = AddressFile.Write(addressFile, cluster.Address);
        Console.WriteLine($"Kafka (embedded, in memory) listens on {cluster.Address}");
        stopped.Wait();
        Console.WriteLine("Kafka (embedded) stops; what nobody has read is gone.");
        return 0;
    }
    catch (Exception refused) when (refused is BrokerFailed or IOException or UnauthorizedAccessException
        or DllNotFoundException)
    {
        return Say(Console.Error, $"Billing.Broker: {refused.Message}", exitCode: 1);
    }
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stopped.Set();
}

static int Say(TextWriter to, string text, int exitCode)
{
    to.WriteLine(text);
    return exitCode;
}
