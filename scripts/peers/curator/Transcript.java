import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.cache.ChildData;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Stat;

/** How the peer writes down what came of an operation, and how it waits. */
final class Transcript {
    /** Bounds every wait, in seconds. It measures none. */
    static final int PATIENCE = 60;

    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private static final BufferedReader IN = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

    private Transcript() {}

    static void say(String line) {
        OUT.println(line);
    }

    /** Does one thing and says what came of it. client is who "mine" is, or null. */
    static void op(String label, CuratorFramework client, Callable<?> what) {
        String result;
        try {
            result = show(what.call(), client);
        } catch (KeeperException e) {
            result = "failed: " + e.code() + (e.getPath() == null ? "" : " of " + e.getPath());
        } catch (Exception e) {
            result = "failed: " + e.getClass().getSimpleName();
        }
        say(label + ": " + result);
    }

    static void op(String label, Callable<?> what) {
        op(label, null, what);
    }

    /** Asks who runs this program to do something to a server, and waits until it is done. */
    static void order(String what) throws IOException {
        say("! " + what);
        String answer = IN.readLine();
        if (!"done".equals(answer)) {
            throw new IOException(what + ": " + answer);
        }
    }

    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("this never came: " + what);
            }
            Thread.sleep(10);
        }
    }

    static String show(Object value, CuratorFramework client) throws Exception {
        if (value instanceof byte[]) {
            byte[] b = (byte[]) value;
            return b.length > 100 ? b.length + " bytes" : "'" + new String(b, StandardCharsets.UTF_8) + "'";
        }
        if (value instanceof Stat) {
            return stat((Stat) value, client);
        }
        if (value instanceof ChildData) {
            ChildData d = (ChildData) value;
            return d.getPath() + "=" + show(d.getData(), client) + " of version " + d.getStat().getVersion();
        }
        if (value instanceof ACL) {
            ACL a = (ACL) value;
            return a.getId().getScheme() + ":" + a.getId().getId() + ":" + a.getPerms();
        }
        if (value instanceof Collection) {
            List<String> all = new ArrayList<>();
            for (Object v : (Collection<?>) value) {
                all.add(show(v, client));
            }
            return all.stream().collect(Collectors.joining(", ", "[", "]"));
        }
        // Of protection, of latches, of locks: what keeps them apart has no order.
        return String.valueOf(value).replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID");
    }

    private static String stat(Stat s, CuratorFramework client) throws Exception {
        String owner = "none";
        if (s.getEphemeralOwner() != 0) {
            long mine = client == null ? 0 : client.getZookeeperClient().getZooKeeper().getSessionId();
            owner = s.getEphemeralOwner() == mine ? "mine" : "another's";
        }
        return String.format("{czxid=0x%x mzxid=0x%x pzxid=0x%x version=%d cversion=%d aversion=%d length=%d children=%d owner=%s}",
            s.getCzxid(), s.getMzxid(), s.getPzxid(), s.getVersion(), s.getCversion(), s.getAversion(), s.getDataLength(),
            s.getNumChildren(), owner);
    }

    /** What listeners were told, in order. */
    static final class Events {
        private final BlockingQueue<String> queue = new LinkedBlockingQueue<>();

        void note(String event) {
            queue.add(event);
        }

        /** Waits for n events, and says them in the order in which they came. */
        void tell(String label, int n) throws InterruptedException {
            say(label + ": " + String.join("; ", take(n)));
        }

        /** As tell, sorted: for events that have no order between them. */
        void tellSorted(String label, int n) throws InterruptedException {
            say(label + ": " + take(n).stream().sorted().collect(Collectors.joining("; ")));
        }

        /** Waits for n events, and returns them with those that came besides. */
        List<String> take(int n) throws InterruptedException {
            List<String> all = new ArrayList<>();
            while (all.size() < n) {
                String event = queue.poll(PATIENCE, TimeUnit.SECONDS);
                if (event == null) {
                    throw new IllegalStateException("no event came after " + all);
                }
                all.add(event);
            }
            queue.drainTo(all);
            return all;
        }
    }
}
