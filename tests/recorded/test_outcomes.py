async def test_plain(rig):
    sent = await rig.send()
    print(sent)
    print(await rig.package(sent.id))
    print(await rig.items(sent.id))
    print(await rig.stored(sent.id))
    assert len(rig.sends()) == 1
