import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;

/**
 * Does with Curator what a program does with ZooKeeper, and prints what came of it.
 *
 * <pre>java Peer HOST:PORT,HOST:PORT,HOST:PORT</pre>
 *
 * One line for each operation, with its result or error. What differs between two runs on
 * equal ensembles is not printed, or printed as a relation ("mine"), but for zxids: who
 * compares two outputs replaces them by their order. A line "! kill HOST:PORT" or "! start
 * HOST:PORT" asks for that server to be killed or started, and for the line "done" on
 * standard input then. The exit status is 0 if every operation was done, whatever came of it.
 */
public final class Peer {
    private Peer() {}

    /** A session. That it does not come to be ends the program. */
    static CuratorFramework connect(CuratorFrameworkFactory.Builder b, int timeout) throws Exception {
        CuratorFramework client = b.sessionTimeoutMs(timeout).connectionTimeoutMs(15_000).retryPolicy(new RetryOneTime(200)).build();
        client.start();
        if (!client.blockUntilConnected(Transcript.PATIENCE, TimeUnit.SECONDS)) {
            throw new IOException("no connection");
        }
        return client;
    }

    static CuratorFramework connect(String servers) throws Exception {
        return connect(CuratorFrameworkFactory.builder().connectString(servers), 30_000);
    }

    public static void main(String[] args) throws Exception {
        if (args.length > 1) {
            Victim.be(args[0], args[1], Integer.parseInt(args[2]));
            return;
        }
        String servers = args[0];
        try (CuratorFramework a = connect(servers)) {
            Znodes.all(a, servers);
            Watching.all(a, servers);
            Caches.all(a);
            Recipes.all(a, servers);
            Sessions.all(a, servers);
        }
    }
}
