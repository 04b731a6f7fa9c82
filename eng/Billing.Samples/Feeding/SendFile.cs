using Billing.LocalTools;
using Billing.Samples.Files;

namespace Billing.Samples.Feeding;

/// <summary>Feeds a file to the running stack through Kafka, as a platform service would.</summary>
internal static class SendFile
{
    /// <exception cref="PreparationFailed">No stack, no such file, or not what it should be.</exception>
    public static async Task<int> Run(Arguments given, TextWriter output, CancellationToken cancellation)
    {
        var file = given["--file"];
        if (!File.Exists(file)) throw new PreparationFailed($"there is no file {file}.");

        var running = RunningInstallation.On(given.Data);
        using var feed = new KafkaFeed(running.Kafka, running.IsKafkaEmbedded);
        var progress = new Progress(output);
        try
        {
            await feed.Send(
                UsageFile.Read(file, given.Find("--source")),
                sent => progress.Say($"{Progress.Count(sent)} events sent"), cancellation);
        }
        catch (PreparationFailed stopped)
        {
            throw new PreparationFailed(
                $"{Path.GetFileName(file)}: {stopped.Message} {Progress.Count(feed.Acknowledged)} events were sent "
                + "before that; sending the file again doubles nothing.", stopped);
        }

        progress.Line(
            $"{Progress.Count(feed.Acknowledged)} events of {Path.GetFileName(file)} sent to billing.usage.raw.v1 in "
            + $"{Progress.Seconds(progress.Elapsed)}. What became of them: "
            + "GET /api/v1/sources/{source}/delivery of Ingestion.");
        return 0;
    }
}
